"""RuntimeClass: by what pods are run."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.columns.node_v1.runtime_class import RUNTIME_CLASS_COLUMNS
from sampan.core.model.core_v1.affinity import Toleration
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import EMPTY, Quantity, model, wire
from sampan.core.model.rules.node_v1.runtime_class import RuntimeClassRules, validate_runtime_class


@model
class Overhead:
    """What a pod needs beside its containers."""

    pod_fixed: Mapping[str, Quantity] = EMPTY
    """What each pod needs in addition, by resource."""


@model
class Scheduling:
    """Which nodes can run the pods."""

    node_selector: Mapping[str, str] = wire(default=EMPTY, map_type="atomic")
    """Labels that such nodes have. They are added to the pod's own."""
    tolerations: tuple[Toleration, ...] = wire(default=(), list_type="atomic")
    """Taints of such nodes, added to the pod's own tolerations."""


@kind(
    "node.k8s.io/v1",
    plural="runtimeclasses",
    namespaced=False,
    columns=RUNTIME_CLASS_COLUMNS,
    rules=RuntimeClassRules(),
    create_on_update=True,
    unconditional_update=False,
)
@model
class RuntimeClass(KubeObject):
    """A sort of container runtime that pods can ask for."""

    handler: str = wire(required=True, emit="always")
    """How the node's runtime knows it, as a DNS label. Immutable."""
    overhead: Overhead | None = None
    """What a pod of this class needs beside its containers. It is added to what is scheduled and counted."""
    scheduling: Scheduling | None = None
    """Which nodes can run the pods. Left out, all of them."""


struct_rules(RuntimeClass, whole=True)(validate_runtime_class)
