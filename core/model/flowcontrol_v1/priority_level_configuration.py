"""PriorityLevelConfiguration: how many requests are handled at a time."""

from __future__ import annotations

from sampan.core.model.columns.flowcontrol_v1.flow_control import PRIORITY_LEVEL_CONFIGURATION_COLUMNS
from sampan.core.model.flowcontrol_v1.condition import FlowCondition
from sampan.core.model.kinds import KubeObject, kind, struct_rules
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire
from sampan.core.model.rules.flowcontrol_v1.priority_level_configuration import (
    PriorityLevelConfigurationRules,
    validate_priority_level_configuration,
)


@model
class QueuingConfiguration:
    """How requests wait."""

    queues: int = wire(default=0, format="int32", emit="always")
    """How many queues the level has. Defaults to 64."""
    hand_size: int = wire(default=0, format="int32", emit="always")
    """How many queues each flow is dealt, of which its requests take the shortest. Defaults to 8; not more than
    ``queues``.
    """
    queue_length_limit: int = wire(default=0, format="int32", emit="always")
    """How many requests may wait in a queue. Defaults to 50."""


@model
class LimitResponse:
    """What happens to a request that is one too many."""

    type: str = wire(required=True, emit="always")
    """``Queue`` lets it wait, ``Reject`` refuses it."""
    queuing: QueuingConfiguration | None = None
    """How requests wait. Only, and then required, with type ``Queue``."""


@model
class LimitedPriorityLevelConfiguration:
    """A level that has its share of the server."""

    nominal_concurrency_shares: int | None = wire(default=None, format="int32", emit="null", api_default=30)
    """The level's share of all requests that are handled at a time, beside the other levels' shares. Defaults to 30."""
    limit_response: LimitResponse = wire(emit="always")
    """What happens to a request that is one too many."""
    lendable_percent: int | None = wire(default=None, format="int32", api_default=0)
    """How much of its share, in per cent, the level lends to others while it does not need it. Defaults to 0."""
    borrowing_limit_percent: int | None = wire(default=None, format="int32")
    """How much the level may borrow at most, in per cent of its share. Left out, all that is lent."""


@model
class ExemptPriorityLevelConfiguration:
    """A level whose requests are always handled at once."""

    nominal_concurrency_shares: int | None = wire(default=None, format="int32", api_default=0)
    """The share that counts as the level's own beside the others'. Defaults to 0."""
    lendable_percent: int | None = wire(default=None, format="int32", api_default=0)
    """How much of that share, in per cent, it lends to others. Defaults to 0."""


@model
class PriorityLevelConfigurationSpec:
    """How requests of the level are handled. Exactly the field that ``type`` names is given."""

    type: str = wire(required=True, emit="always")
    """``Limited`` for a level with a share of its own, ``Exempt`` for one whose requests never wait."""
    limited: LimitedPriorityLevelConfiguration | None = None
    """The share and what happens beyond it, for type ``Limited``."""
    exempt: ExemptPriorityLevelConfiguration | None = None
    """What the level lends to others, for type ``Exempt``."""


@model
class PriorityLevelConfigurationCondition(FlowCondition):
    """One thing that is or is not so about the level."""


@model
class PriorityLevelConfigurationStatus:
    """Whether the level is in order."""

    conditions: tuple[PriorityLevelConfigurationCondition, ...] = keyed("type")
    """Statements about the level, one per type."""


@kind(
    "flowcontrol.apiserver.k8s.io/v1",
    plural="prioritylevelconfigurations",
    namespaced=False,
    has_status=True,
    has_generation=True,
    columns=PRIORITY_LEVEL_CONFIGURATION_COLUMNS,
    rules=PriorityLevelConfigurationRules(),
)
@model
class PriorityLevelConfiguration(KubeObject):
    """How many requests of a level are handled at a time, and what happens to the others."""

    spec: PriorityLevelConfigurationSpec = wire(emit="always")
    """How requests of the level are handled."""
    status: PriorityLevelConfigurationStatus = wire(default=PriorityLevelConfigurationStatus(), emit="always")
    """Whether the level is in order. Read-only."""


struct_rules(PriorityLevelConfiguration, whole=True)(validate_priority_level_configuration)
