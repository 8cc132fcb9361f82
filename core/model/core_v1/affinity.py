"""Where pods may and would rather run: node and pod affinity, spreading, tolerations."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class NodeSelectorRequirement:
    """One condition on a node's label or field."""

    key: str = wire(required=True, emit="always")
    operator: str = wire(required=True, emit="always", enum=("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"))
    values: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class NodeSelectorTerm:
    """Conditions that must all hold."""

    __map_type__ = "atomic"

    match_expressions: tuple[NodeSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    match_fields: tuple[NodeSelectorRequirement, ...] = wire(default=(), list_type="atomic")


@model
class NodeSelector:
    """Terms of which at least one must hold."""

    __map_type__ = "atomic"

    node_selector_terms: tuple[NodeSelectorTerm, ...] = wire(default=(), required=True, emit="null", list_type="atomic")


@model
class PreferredSchedulingTerm:
    """A preference for nodes, weighing 1 to 100."""

    weight: int = wire(required=True, emit="always", format="int32")
    preference: NodeSelectorTerm = wire(default=NodeSelectorTerm(), required=True, emit="always")


@model
class NodeAffinity:
    """Which nodes a pod must or should run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = wire(
        default=(), list_type="atomic"
    )


@model
class PodAffinityTerm:
    """Pods, and the node label whose value must be the same (or another) for them."""

    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = wire(default=(), list_type="atomic")
    topology_key: str = wire(required=True, emit="always")
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")
    mismatch_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class WeightedPodAffinityTerm:
    """A preference for being near pods, weighing 1 to 100."""

    weight: int = wire(required=True, emit="always", format="int32")
    pod_affinity_term: PodAffinityTerm = wire(required=True, emit="always")


@model
class PodAffinity:
    """Which pods to be near."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )


@model
class PodAntiAffinity:
    """Which pods to be away from."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )


@model
class Affinity:
    """All affinity rules of a pod."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


@model
class Toleration:
    """Taints that do not keep this pod away."""

    key: str | None = None
    operator: str | None = wire(default=None, enum=("Equal", "Exists", "Gt", "Lt"))
    value: str | None = None
    effect: str | None = wire(default=None, enum=("NoExecute", "NoSchedule", "PreferNoSchedule"))
    toleration_seconds: int | None = wire(default=None, format="int64")


@model
class TopologySpreadConstraint:
    """How evenly matching pods are spread over a node label's values."""

    max_skew: int = wire(required=True, emit="always", format="int32")
    topology_key: str = wire(required=True, emit="always")
    when_unsatisfiable: str = wire(required=True, emit="always", enum=("DoNotSchedule", "ScheduleAnyway"))
    label_selector: LabelSelector | None = None
    min_domains: int | None = wire(default=None, format="int32")
    node_affinity_policy: str | None = wire(default=None, enum=("Honor", "Ignore"))
    node_taints_policy: str | None = wire(default=None, enum=("Honor", "Ignore"))
    match_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")
