"""Pod, PodTemplate, and a pod's status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.core_v1.pod import POD_COLUMNS, POD_TEMPLATE_COLUMNS
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.rules.core_v1.pod import (
    PodRules,
    PodTemplateRules,
    validate_binding,
    validate_pod,
    validate_pod_template,
)
from sampan.core.model.rules.core_v1.pod_spec import validate_template
from sampan.core.model.storage import Posted

POD_FIELDS: Final = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
"""What lists of pods can be narrowed by, besides name and namespace."""
OLD_POD_FIELDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "spec.host": lambda pod: (pod.get("spec") or {}).get("nodeName") or "",
    "status.podIPs": lambda pod: "",
}
"""Kept for old clients: an earlier name, and a list that Kubernetes takes for empty."""


@model
class PodCondition:
    """One thing that is or is not so about a pod."""

    type: str = wire(required=True, emit="always")
    """What is stated, such as ``PodScheduled``, ``Initialized``, ``ContainersReady`` or ``Ready``."""
    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the condition was judged by."""
    status: str = wire(required=True, emit="always")
    """Whether it is so: ``True``, ``False`` or ``Unknown``."""
    last_probe_time: datetime | None = wire(default=None, emit="null")
    """When the condition was last checked."""
    last_transition_time: datetime | None = wire(default=None, emit="null")
    """When ``status`` last changed from one value to another."""
    reason: str | None = None
    """Why, as one word for programs, such as ``ContainersNotReady``."""
    message: str | None = None
    """Why, in a sentence for people."""


@model
class PodIP:
    """An address of the pod."""

    ip: str = wire(required=True, emit="always")
    """An IPv4 or IPv6 address of the pod."""


@model
class HostIP:
    """An address of the pod's node."""

    ip: str = wire(required=True, emit="always")
    """An IPv4 or IPv6 address of the node."""


@model
class PodResourceClaimStatus:
    """The claim that was made for the pod."""

    name: str = wire(required=True, emit="always")
    """The claim's entry in ``spec.resourceClaims``."""
    resource_claim_name: str | None = wire(default=None, keep_zero=True)
    """The ResourceClaim that was made from the template. Left out where none was needed."""


@model
class ContainerExtendedResourceRequest:
    """Which claim request serves an extended resource."""

    container_name: str = wire(required=True, emit="always")
    """The container that asks for the resource."""
    resource_name: str = wire(required=True, emit="always")
    """The extended resource that it asks for."""
    request_name: str = wire(required=True, emit="always")
    """The request in the ResourceClaim that serves it."""


@model
class PodExtendedResourceClaimStatus:
    """The claim made for the pod's extended resources."""

    request_mappings: tuple[ContainerExtendedResourceRequest, ...] = wire(
        default=(), required=True, emit="null", list_type="atomic"
    )
    """Which request of the claim serves which container's resource."""
    resource_claim_name: str = wire(required=True, emit="always")
    """The ResourceClaim that was made for the pod, in its namespace."""


@model
class NodeAllocatableResourceClaimStatus:
    """Node resources that a claim takes."""

    resource_claim_name: str = wire(required=True, emit="always")
    """The ResourceClaim that takes the node's resources."""
    containers: tuple[str, ...] = wire(default=(), list_type="set")
    """The containers that use the claim."""
    resources: Mapping[str, Quantity] = wire(default=EMPTY, required=True, emit="null")
    """How much of the node's resources the claim takes, such as ``cpu`` and ``memory``."""


@model
class PodStatus:
    """What the node agent (and the scheduler) last saw."""

    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the node agent has acted on."""
    phase: str | None = wire(default=None, enum=("Failed", "Pending", "Running", "Succeeded", "Unknown"))
    """Where the pod is in its life, in short. ``conditions`` and the containers' statuses say more."""
    conditions: tuple[PodCondition, ...] = keyed("type")
    """Statements about the pod, one per type."""
    message: str | None = None
    """Why the pod is in its state, in a sentence for people."""
    reason: str | None = None
    """Why the pod is in its state, as one word for programs, such as ``Evicted``."""
    nominated_node_name: str | None = None
    """The node where other pods are ending to make room for this one. It may still be placed elsewhere."""
    host_ip: str | None = wire(default=None, name="hostIP")
    """The address of the pod's node. Empty until the pod is placed."""
    host_ips: tuple[HostIP, ...] = wire(
        default=(), name="hostIPs", list_type="atomic", merge_key="ip", patch_strategy=("merge",)
    )
    """All addresses of the pod's node; the first is ``hostIP``."""
    pod_ip: str | None = wire(default=None, name="podIP")
    """The pod's address, reachable in the whole cluster. Empty until it has one."""
    pod_ips: tuple[PodIP, ...] = keyed("ip", name="podIPs")
    """The pod's addresses, at most one of each IP family; the first is ``podIP``."""
    start_time: datetime | None = None
    """When the node agent took the pod on, before any image was pulled."""
    init_container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    """How each init container is, in the order of the spec."""
    container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    """How each container is."""
    qos_class: str | None = wire(default=None, enum=("BestEffort", "Burstable", "Guaranteed"))
    """How safe the pod is when its node runs short of memory, from its requests and limits. Immutable."""
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    """How each debugging container is."""
    resize: str | None = None
    """Deprecated: how far a change of resources is. Now told by the conditions ``PodResizePending`` and
    ``PodResizeInProgress``.
    """
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = keyed("name", retain_keys=True)
    """The claims that were made for the pod from templates."""
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    """The claim that serves the pod's extended resources, where devices are allocated by claims."""
    allocated_resources: Mapping[str, Quantity] = EMPTY
    """What the node has reserved for the pod as a whole."""
    resources: ResourceRequirements | None = None
    """The requests and limits that the running pod as a whole really has."""
    node_allocatable_resource_claim_statuses: tuple[NodeAllocatableResourceClaimStatus, ...] = wire(
        default=(), list_type="atomic"
    )
    """Node resources, such as CPU and memory, that the pod's claims take."""


@kind(
    "v1",
    plural="pods",
    short_names=("po",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    subresources=(
        "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize",
    ),
    delete_answers_object=True,
    selectable_fields=(*POD_FIELDS, *OLD_POD_FIELDS),
    field_readers=OLD_POD_FIELDS,
    columns=POD_COLUMNS,
    rules=PodRules(),
)  # fmt: skip
@model
class Pod(KubeObject):
    """One or more containers that live and die together on one node."""

    spec: PodSpec = wire(default=PodSpec(), emit="always", api_default={})
    """What the pod is asked to be. Most of it is immutable."""
    status: PodStatus = wire(default=PodStatus(), emit="always")
    """What became of the pod. Written by the node agent and the scheduler."""


@model
class PodTemplateSpec:
    """The pods that a controller makes."""

    metadata: ObjectMeta = wire(emit="always")
    """Labels, annotations and finalizers of the pods that are made."""
    spec: PodSpec = wire(default=PodSpec(), emit="always", api_default={})
    """What the pods are asked to be."""


@kind(
    "v1",
    plural="podtemplates",
    has_generation=True,
    delete_answers_object=True,
    columns=POD_TEMPLATE_COLUMNS,
    rules=PodTemplateRules(),
)
@model
class PodTemplate(KubeObject):
    """A stored template (used by nobody but its author)."""

    template: PodTemplateSpec = wire(emit="always", api_default={})
    """The pods that could be made from it."""


@kind("v1", plural="bindings", verbs=("create",), storage=Posted(answer="binding"))
@model
class Binding(KubeObject):
    """The decision that a pod runs on a node: the body of the ``binding`` subresource."""

    target: ObjectReference = wire(default=ObjectReference(), required=True, emit="always")
    """The node that the pod is to run on."""


struct_rules(Pod, whole=True)(validate_pod)
struct_rules(PodTemplateSpec, whole=True)(validate_template)
struct_rules(PodTemplate, whole=True)(validate_pod_template)
struct_rules(Binding, whole=True)(validate_binding)
