"""Where pods may and would rather run: node and pod affinity, spreading, tolerations."""

from __future__ import annotations

from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.selector import LabelSelector


@model
class NodeSelectorRequirement:
    """One condition on a node's label or field."""

    key: str = wire(required=True, emit="always")
    """The key of the node's label (or the name of its field)."""
    operator: str = wire(required=True, emit="always", enum=("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"))
    """How the label is compared with ``values``. ``Gt`` and ``Lt`` compare whole numbers."""
    values: tuple[str, ...] = wire(default=(), list_type="atomic")
    """At least one for ``In`` and ``NotIn``, exactly one number for ``Gt`` and ``Lt``, none for
    ``Exists`` and ``DoesNotExist``.
    """


@model
class NodeSelectorTerm:
    """Conditions that must all hold."""

    __map_type__ = "atomic"

    match_expressions: tuple[NodeSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """Conditions on the node's labels."""
    match_fields: tuple[NodeSelectorRequirement, ...] = wire(default=(), list_type="atomic")
    """Conditions on the node's fields. Only ``metadata.name`` can be asked for, with ``In`` or
    ``NotIn`` and one value.
    """


@model
class NodeSelector:
    """Terms of which at least one must hold."""

    __map_type__ = "atomic"

    node_selector_terms: tuple[NodeSelectorTerm, ...] = wire(default=(), required=True, emit="null", list_type="atomic")
    """The terms, at least one. A term without conditions matches no node."""


@model
class PreferredSchedulingTerm:
    """A preference for nodes, weighing 1 to 100."""

    weight: int = wire(required=True, emit="always", format="int32")
    """What a matching node gains when nodes are ranked, 1 to 100."""
    preference: NodeSelectorTerm = wire(default=NodeSelectorTerm(), required=True, emit="always")
    """What the node should be like. A term without conditions matches every node here."""


@model
class NodeAffinity:
    """Which nodes a pod must or should run on."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """What a node must be like for the pod to be placed there.
    A pod that runs already stays, whatever becomes of the node.
    """
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    """What a node should be like: the weights of the terms that it matches are added up, and the most wins."""


@model
class PodAffinityTerm:
    """Pods, and the node label whose value must be the same (or another) for them."""

    label_selector: LabelSelector | None = None
    """Which pods are meant. Left out, it matches none."""
    namespaces: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Namespaces to look for pods in, beside those of ``namespaceSelector``. With neither, the pod's own namespace."""
    topology_key: str = wire(required=True, emit="always")
    """The node label that says which nodes are one place: all with the same value. Must not be empty."""
    namespace_selector: LabelSelector | None = None
    """Namespaces to look for pods in, by label. The empty selector means all."""
    match_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Labels of the new pod whose values the pods meant must share, such as ``pod-template-hash``.
    Keys that it lacks are passed over.
    """
    mismatch_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Labels of the new pod whose values the pods meant must not share. Keys that it lacks are passed over."""


@model
class WeightedPodAffinityTerm:
    """A preference for being near pods, weighing 1 to 100."""

    weight: int = wire(required=True, emit="always", format="int32")
    """What a node gains for the term when nodes are ranked, 1 to 100."""
    pod_affinity_term: PodAffinityTerm = wire(required=True, emit="always")
    """The pods that the weight is for."""


@model
class PodAffinity:
    """Which pods to be near."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    """Pods that must be in the same place, one for each term. A pod that runs already stays when they go."""
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    """Pods to be near where possible: weights of the terms that hold are added up, and the most wins."""


@model
class PodAntiAffinity:
    """Which pods to be away from."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    """Pods that must not be in the same place, for any term. A pod that runs already stays when such pods come."""
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = wire(
        default=(), list_type="atomic"
    )
    """Pods to keep away from where possible: weights of the terms that hold count against a node."""


@model
class Affinity:
    """All affinity rules of a pod."""

    node_affinity: NodeAffinity | None = None
    """Which nodes the pod must or should run on."""
    pod_affinity: PodAffinity | None = None
    """Which pods it must or should be near."""
    pod_anti_affinity: PodAntiAffinity | None = None
    """Which pods it must or should be away from."""


@model
class Toleration:
    """Taints that do not keep this pod away."""

    key: str | None = None
    """The key of the taints that are tolerated. Empty with ``Exists`` means every taint."""
    operator: str | None = wire(default=None, enum=("Equal", "Exists", "Gt", "Lt"))
    """How the taint's value is compared with ``value``; ``Gt`` and ``Lt`` compare whole numbers.
    Defaults to ``Equal``.
    """
    value: str | None = None
    """The value of the taints that are tolerated. Empty for ``Exists``."""
    effect: str | None = wire(default=None, enum=("NoExecute", "NoSchedule", "PreferNoSchedule"))
    """The effect of the taints that are tolerated. Empty means every effect."""
    toleration_seconds: int | None = wire(default=None, format="int64")
    """Seconds that a ``NoExecute`` taint is tolerated before the pod is evicted; zero or less evicts at once.
    Left out, for ever.
    """


@model
class TopologySpreadConstraint:
    """How evenly matching pods are spread over a node label's values."""

    max_skew: int = wire(required=True, emit="always", format="int32")
    """By how many pods a place may have more than the emptiest one. At least 1."""
    topology_key: str = wire(required=True, emit="always")
    """The node label that says which nodes are one place: all with the same value. Nodes without it are left out."""
    when_unsatisfiable: str = wire(required=True, emit="always", enum=("DoNotSchedule", "ScheduleAnyway"))
    """What becomes of a pod that would break the rule: it waits, or it goes where it does the least harm."""
    label_selector: LabelSelector | None = None
    """Which pods of the namespace are counted."""
    min_domains: int | None = wire(default=None, format="int32")
    """With fewer matching places than this, the emptiest one counts as having no pods. Only with ``DoNotSchedule``;
    defaults to 1.
    """
    node_affinity_policy: str | None = wire(default=None, enum=("Honor", "Ignore"))
    """Whether nodes that the pod's node affinity and selector rule out are left out. Defaults to ``Honor``."""
    node_taints_policy: str | None = wire(default=None, enum=("Honor", "Ignore"))
    """Whether nodes with taints that the pod does not tolerate are left out. Defaults to ``Ignore``."""
    match_label_keys: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Labels of the new pod whose values the counted pods must share, such as ``pod-template-hash``.
    Needs ``labelSelector``.
    """
