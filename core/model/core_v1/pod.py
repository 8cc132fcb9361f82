"""Pod, PodTemplate, and a pod's status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sampan.core.model.columns.pod import POD_COLUMNS, POD_TEMPLATE_COLUMNS
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import ObjectReference
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.rules.pod import (
    PodRules,
    PodTemplateRules,
    validate_binding,
    validate_pod,
    validate_pod_template,
)
from sampan.core.model.rules.pod_spec import validate_template

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


@model
class PodCondition:
    """One thing that is or is not so about a pod."""

    type: str = wire(required=True, emit="always")
    observed_generation: int = wire(default=0, format="int64")
    status: str = wire(required=True, emit="always")
    last_probe_time: datetime | None = wire(default=None, emit="null")
    last_transition_time: datetime | None = wire(default=None, emit="null")
    reason: str | None = None
    message: str | None = None


@model
class PodIP:
    """An address of the pod."""

    ip: str = wire(required=True, emit="always")


@model
class HostIP:
    """An address of the pod's node."""

    ip: str = wire(required=True, emit="always")


@model
class PodResourceClaimStatus:
    """The claim that was made for the pod."""

    name: str = wire(required=True, emit="always")
    resource_claim_name: str | None = wire(default=None, keep_zero=True)


@model
class ContainerExtendedResourceRequest:
    """Which claim request serves an extended resource."""

    container_name: str = wire(required=True, emit="always")
    resource_name: str = wire(required=True, emit="always")
    request_name: str = wire(required=True, emit="always")


@model
class PodExtendedResourceClaimStatus:
    """The claim made for the pod's extended resources."""

    request_mappings: tuple[ContainerExtendedResourceRequest, ...] = wire(
        default=(), required=True, emit="null", list_type="atomic"
    )
    resource_claim_name: str = wire(required=True, emit="always")


@model
class NodeAllocatableResourceClaimStatus:
    """Node resources that a claim takes."""

    resource_claim_name: str = wire(required=True, emit="always")
    containers: tuple[str, ...] = wire(default=(), list_type="set")
    resources: Mapping[str, Quantity] = wire(default=EMPTY, required=True, emit="null")


@model
class PodStatus:
    """What the node agent (and the scheduler) last saw."""

    observed_generation: int = wire(default=0, format="int64")
    phase: str | None = wire(default=None, enum=("Failed", "Pending", "Running", "Succeeded", "Unknown"))
    conditions: tuple[PodCondition, ...] = keyed("type")
    message: str | None = None
    reason: str | None = None
    nominated_node_name: str | None = None
    host_ip: str | None = wire(default=None, name="hostIP")
    host_ips: tuple[HostIP, ...] = wire(
        default=(), name="hostIPs", list_type="atomic", merge_key="ip", patch_strategy=("merge",)
    )
    pod_ip: str | None = wire(default=None, name="podIP")
    pod_ips: tuple[PodIP, ...] = keyed("ip", name="podIPs")
    start_time: datetime | None = None
    init_container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    qos_class: str | None = wire(default=None, enum=("BestEffort", "Burstable", "Guaranteed"))
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = wire(default=(), list_type="atomic")
    resize: str | None = None
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = keyed("name", retain_keys=True)
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    allocated_resources: Mapping[str, Quantity] = EMPTY
    resources: ResourceRequirements | None = None
    node_allocatable_resource_claim_statuses: tuple[NodeAllocatableResourceClaimStatus, ...] = wire(
        default=(), list_type="atomic"
    )


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
    selectable_fields=POD_FIELDS,
    columns=POD_COLUMNS,
    rules=PodRules(),
)  # fmt: skip
@model
class Pod(KubeObject):
    """One or more containers that live and die together on one node."""

    spec: PodSpec = wire(default=PodSpec(), emit="always")
    status: PodStatus = wire(default=PodStatus(), emit="always")


@model
class PodTemplateSpec:
    """The pods that a controller makes."""

    metadata: ObjectMeta = wire(emit="always")
    spec: PodSpec = wire(default=PodSpec(), emit="always")


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

    template: PodTemplateSpec = wire(emit="always")


@kind("v1", plural="bindings", verbs=("create",))
@model
class Binding(KubeObject):
    """The decision that a pod runs on a node: the body of the ``binding`` subresource."""

    target: ObjectReference = wire(default=ObjectReference(), required=True, emit="always")


struct_rules(Pod, whole=True)(validate_pod)
struct_rules(PodTemplateSpec, whole=True)(validate_template)
struct_rules(PodTemplate, whole=True)(validate_pod_template)
struct_rules(Binding, whole=True)(validate_binding)
