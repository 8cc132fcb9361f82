"""DaemonSet: a pod on each node."""

from __future__ import annotations

from sampan.core.model.columns.apps_v1.daemon_set import DAEMON_SET_COLUMNS
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import IntOrString, model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.apps_v1.daemon_set import DaemonSetRules, validate_daemon_set


@model
class RollingUpdateDaemonSet:
    """How far a rolling update goes at a time."""

    max_unavailable: IntOrString | None = None
    """On how many nodes the pod may be missing during the update: a number, or a share of the nodes (rounded up).
    Defaults to 1.
    """
    max_surge: IntOrString | None = None
    """On how many nodes an old and a new pod may run side by side: a number, or a share (rounded up). Defaults to 0."""


@model
class DaemonSetUpdateStrategy:
    """How pods of an older template are replaced."""

    type: str | None = wire(default=None, enum=("OnDelete", "RollingUpdate"))
    """``RollingUpdate`` (the default) replaces pods bit by bit, ``OnDelete`` waits until they are deleted by hand."""
    rolling_update: RollingUpdateDaemonSet | None = None
    """Bounds of a rolling update. Only used with type ``RollingUpdate``."""


@model
class DaemonSetSpec:
    """Which pod runs on which nodes, and how it changes."""

    selector: LabelSelector = wire(required=True, emit="null")
    """Which pods belong to the DaemonSet. It must match the labels of ``template``; immutable."""
    template: PodTemplateSpec = wire(required=True, emit="always")
    """The pod to run on each node that its ``nodeSelector`` and affinity fit. Its ``restartPolicy`` can only be
    ``Always``.
    """
    update_strategy: DaemonSetUpdateStrategy = wire(default=DaemonSetUpdateStrategy(), emit="always")
    """How pods of an older template are replaced."""
    min_ready_seconds: int = wire(default=0, format="int32")
    """Seconds that a pod must stay ready before it counts as available. Defaults to 0."""
    revision_history_limit: int | None = wire(default=None, format="int32", api_default=10)
    """How many old ControllerRevisions are kept to roll back to. Defaults to 10; 0 keeps none."""


@model
class DaemonSetCondition(StateCondition):
    """One thing that is or is not so about the DaemonSet."""


@model
class DaemonSetStatus:
    """On how many nodes the pod runs."""

    current_number_scheduled: int = wire(default=0, required=True, format="int32", emit="always")
    """On how many of the nodes that should run it the pod is."""
    number_misscheduled: int = wire(default=0, required=True, format="int32", emit="always")
    """On how many nodes the pod is though it should not be."""
    desired_number_scheduled: int = wire(default=0, required=True, format="int32", emit="always")
    """How many nodes should run it."""
    number_ready: int = wire(default=0, required=True, format="int32", emit="always")
    """On how many of the nodes that should run it the pod is ready."""
    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    updated_number_scheduled: int = wire(default=0, format="int32")
    """On how many nodes the pod is of the current template."""
    number_available: int = wire(default=0, format="int32")
    """On how many nodes the pod has been ready for ``minReadySeconds``."""
    number_unavailable: int = wire(default=0, format="int32")
    """On how many of the nodes that should run it no pod is available."""
    collision_count: int | None = wire(default=None, format="int32")
    """How often the name of a new ControllerRevision was already taken; it goes into the hash for the next name."""
    conditions: tuple[DaemonSetCondition, ...] = keyed("type")
    """Statements about the DaemonSet, one per type."""


@kind(
    "apps/v1",
    plural="daemonsets",
    short_names=("ds",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    columns=DAEMON_SET_COLUMNS,
    rules=DaemonSetRules(),
)
@model
class DaemonSet(KubeObject):
    """A pod on each node, or on some."""

    spec: DaemonSetSpec = wire(emit="always")
    """Which pod is wanted on which nodes, and how it changes."""
    status: DaemonSetStatus = wire(default=DaemonSetStatus(), emit="always")
    """On how many nodes the pod runs. Written by the controller."""


struct_rules(DaemonSet, whole=True)(validate_daemon_set)
