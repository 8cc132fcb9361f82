"""StatefulSet: pods that keep their names and their storage."""

from __future__ import annotations

from sampan.core.model.columns.apps_v1.stateful_set import STATEFUL_SET_COLUMNS
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.kinds import KubeObject, Scale, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import IntOrString, model, wire
from sampan.core.model.meta_v1.condition import StateCondition
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.rules.apps_v1.stateful_set import StatefulSetRules, validate_stateful_set


@model
class RollingUpdateStatefulSetStrategy:
    """How far a rolling update goes at a time."""

    partition: int | None = wire(default=None, format="int32")
    """The first ordinal that is updated; pods below it keep the old template. Defaults to 0, which updates all."""
    max_unavailable: IntOrString | None = None
    """How many pods may be missing during the update: a number, or a share of ``replicas`` (rounded up). Defaults to
    1.
    """


@model
class StatefulSetUpdateStrategy:
    """How pods of an older template are replaced."""

    type: str | None = wire(default=None, enum=("OnDelete", "RollingUpdate"))
    """``RollingUpdate`` (the default) replaces pods from the highest ordinal down, ``OnDelete`` waits until they are
    deleted by hand.
    """
    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    """Bounds of a rolling update. Only allowed with type ``RollingUpdate``."""


@model
class StatefulSetPersistentVolumeClaimRetentionPolicy:
    """What becomes of the claims of pods that go away."""

    when_deleted: str | None = None
    """For all pods, when the StatefulSet is deleted: ``Retain`` (the default) or ``Delete``."""
    when_scaled: str | None = None
    """For the pods that scaling down removes: ``Retain`` (the default) or ``Delete``."""


@model
class StatefulSetOrdinals:
    """How the pods are numbered."""

    start: int = wire(default=0, format="int32", emit="always")
    """The number of the first pod. Defaults to 0."""


@model
class StatefulSetSpec:
    """How many pods of which kind, with which storage."""

    replicas: int | None = wire(default=None, format="int32", api_default=1)
    """How many pods there should be. Defaults to 1; each has a name and storage of its own."""
    selector: LabelSelector = wire(required=True, emit="null")
    """Which pods belong to the StatefulSet. It must match the labels of ``template``; immutable."""
    template: PodTemplateSpec = wire(required=True, emit="always")
    """The pods to make. Their names are the StatefulSet's with the ordinal behind. Their ``restartPolicy`` can only be
    ``Always``.
    """
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = wire(default=(), list_type="atomic")
    """Claims that each pod gets, kept when the pod goes. They go before volumes of the same name in ``template``;
    immutable.
    """
    service_name: str = wire(default="", emit="always")
    """The headless Service that gives the pods their DNS names. It must be there before; immutable."""
    pod_management_policy: str | None = wire(
        default=None, enum=("OrderedReady", "Parallel"), api_default="OrderedReady"
    )
    """``OrderedReady`` (the default) starts each pod when the one before is ready and stops them the other way round,
    ``Parallel`` all at once. Immutable.
    """
    update_strategy: StatefulSetUpdateStrategy = wire(default=StatefulSetUpdateStrategy(), emit="always")
    """How pods of an older template are replaced."""
    revision_history_limit: int | None = wire(default=None, format="int32", api_default=10)
    """How many old ControllerRevisions are kept to roll back to. Defaults to 10; immutable revisions in use are always
    kept.
    """
    min_ready_seconds: int = wire(default=0, format="int32")
    """Seconds that a pod must stay ready before it counts as available. Defaults to 0."""
    persistent_volume_claim_retention_policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None = None
    """What becomes of claims made from ``volumeClaimTemplates``. By default they are kept."""
    ordinals: StatefulSetOrdinals | None = None
    """How the pods are numbered. Left out, from 0."""


@model
class StatefulSetCondition(StateCondition):
    """One thing that is or is not so about the StatefulSet."""


@model
class StatefulSetStatus:
    """How many pods there are, and of which revision."""

    observed_generation: int = wire(default=0, format="int64")
    """The ``metadata.generation`` that the controller has acted on; the rest of the status is about that one."""
    replicas: int = wire(default=0, required=True, format="int32", emit="always", keep_zero=True)
    """How many pods there are, of any revision."""
    ready_replicas: int = wire(default=0, format="int32")
    """How many of them are ready."""
    current_replicas: int = wire(default=0, format="int32")
    """How many of them are of ``currentRevision``."""
    updated_replicas: int = wire(default=0, format="int32")
    """How many of them are of ``updateRevision``."""
    current_revision: str | None = None
    """The revision that pods below the update's front are made from."""
    update_revision: str | None = None
    """The revision that pods are updated to."""
    collision_count: int | None = wire(default=None, format="int32")
    """How often the name of a new ControllerRevision was already taken; it goes into the hash for the next name."""
    conditions: tuple[StatefulSetCondition, ...] = keyed("type")
    """Statements about the StatefulSet, one per type."""
    available_replicas: int = wire(default=0, format="int32", emit="always", keep_zero=True)
    """How many of them have been ready for ``minReadySeconds``."""


@kind(
    "apps/v1",
    plural="statefulsets",
    short_names=("sts",),
    categories=("all",),
    has_status=True,
    has_generation=True,
    scale=Scale(selector=".spec.selector"),
    name_format="dns1123-label",
    columns=STATEFUL_SET_COLUMNS,
    rules=StatefulSetRules(),
)
@model
class StatefulSet(KubeObject):
    """Pods that keep their names and their storage."""

    spec: StatefulSetSpec = wire(emit="always")
    """How many pods of which kind are wanted, with which storage."""
    status: StatefulSetStatus = wire(default=StatefulSetStatus(), emit="always")
    """How many pods there are. Written by the controller."""


struct_rules(StatefulSet, whole=True)(validate_stateful_set)
