"""What the node agent remembers of a pod's containers between two looks: frozen, so that a view can be made of it as it is.

Of a container by its name there is one `ContainerMemory`, whatever becomes of its attempts; of each attempt, by its id,
one `AttemptMemory`, which goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sampan.core.classes import frozen
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.node.decide.back_off import BackOff


@frozen
class Problem:
    """Why a container waits: Kubernetes' reason, and the sentence beside it."""

    reason: str
    message: str = ""


@frozen(kw_only=True)
class Pull:
    """A container's image on its way. ``retry_at`` is set once the pull has failed."""

    image: str
    problem: Problem | None = None
    retry_at: datetime | None = None


@frozen(kw_only=True)
class ProbeResults:
    """What the probes of one container say. Without a probe: started, ready once it runs, alive."""

    started: bool = True
    ready: bool = True
    failed: str = ""
    """``liveness`` or ``startup``: the container is to be killed for it."""


@frozen
class StartFailure:
    """The engine could not start it."""

    at: datetime
    why: str


@frozen(kw_only=True)
class ContainerMemory:
    """A container of the spec, whichever its attempt."""

    problem: Problem | None = None
    """Why its last start failed."""
    failures: int = 0
    """How many starts in a row have failed before the engine was asked."""
    retry_at: datetime | None = None
    """When such a start is tried again."""
    waiting: Problem | None = None
    """What the plan before said that it waits for."""
    back_off: BackOff | None = None
    """Of its restarts."""
    pull: Pull | None = None
    pull_back_off: BackOff | None = None
    pulled: frozenset[tuple[int, str]] = frozenset()
    """What has been pulled for an attempt that is still to be started."""


@frozen(kw_only=True)
class AttemptMemory:
    """A container of the engine."""

    asked: bool = False
    """It has been told to start."""
    start_failure: StartFailure | None = None
    post_start: Literal["", "runs", "failed"] = ""
    """Its postStart hook."""
    stops_by: datetime | None = None
    """Until when it has its grace, once it is being stopped."""
    pre_stop_by: datetime | None = None
    """Until when a preStop hook that was begun before its container's turn has, or when it was done."""
    ended_at: datetime | None = None
    """When it ended, by the clock that waits are counted by: its engine's date was looked at once, when it was new."""
    probes: ProbeResults | None = None
    message: str | None = None
    """What it said at its end, once that is read."""
    resources: ResourceRequirements | None = None
    whole: ResourceRequirements | None = None
    """The pod's own resources as they were when this agent gave it its limits."""
    """What it runs with, where this agent has given it that."""
    resize_retry_at: datetime | None = None
    """When a change of them that was refused is tried again."""
    exit_told: bool = False
    """Plugins have heard of its end."""


@frozen(kw_only=True)
class ResizeState:
    """One of the two conditions that tell of a resize."""

    reason: str = ""
    message: str = ""
    generation: int = 0
    since: datetime


@frozen(kw_only=True)
class Allocation:
    containers: Mapping[str, ResourceRequirements]
    """By name: what was promised to those that can be resized."""
    whole: ResourceRequirements | None = None
    """What was promised to the pod as a whole, where it asks so."""
    pending: ResizeState | None = None
    """A wish that does not fit at the moment."""
    in_progress: ResizeState | None = None
    """A wish that was granted, and has not reached every container that runs."""


NO_PROBES = ProbeResults()
NEW_CONTAINER = ContainerMemory()
NEW_ATTEMPT = AttemptMemory()
