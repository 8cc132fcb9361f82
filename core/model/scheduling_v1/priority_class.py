"""PriorityClass: how important pods are."""

from __future__ import annotations

from sampan.core.model.columns.scheduling_v1.priority_class import PRIORITY_CLASS_COLUMNS
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.scheduling_v1.priority_class import PriorityClassRules, validate_priority_class


@kind(
    "scheduling.k8s.io/v1",
    plural="priorityclasses",
    short_names=("pc",),
    namespaced=False,
    columns=PRIORITY_CLASS_COLUMNS,
    rules=PriorityClassRules(),
)
@model
class PriorityClass(KubeObject):
    """A name for a priority of pods."""

    value: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """The priority: pods of a higher one are scheduled first. At most 1000000000, but for system classes; immutable."""
    global_default: bool = False
    """Whether pods that name no class have this one. Only one class should say so."""
    description: str | None = None
    """When the class should be used, for people."""
    preemption_policy: str | None = wire(
        default=None, enum=("Never", "PreemptLowerPriority"), keep_zero=True, api_default="PreemptLowerPriority"
    )
    """``PreemptLowerPriority`` (the default) lets its pods push out others, ``Never`` only go before them. Immutable.
    """


struct_rules(PriorityClass, whole=True)(validate_priority_class)
