"""What a pod's plan is made of: actions as data, carried out by `sampan.core.node.worker` in their order."""

from __future__ import annotations

from typing import Literal

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.pod import PodStatus
from sampan.core.node.decide.memory import Problem


@frozen
class PublishVolumes:
    """Make all volumes be there. A failure ends the plan; it is tried again."""


@frozen
class CreateSandbox:
    """A failure ends the plan; it is tried again."""

    attempt: int


@frozen
class StartContainer:
    """Have the image, create the container and start it. A failure is this container's own: the plan goes on.

    An image that must be pulled is pulled in the background; the pod is looked at again when it is there.
    """

    name: str
    attempt: int
    restart: bool = False
    """Its end is counted: the next one waits longer."""


@frozen
class KillContainer:
    """Run the preStop hook and stop it, in the background: the pod is looked at again when it has ended."""

    container: Container
    message: str
    grace: float
    """Seconds, hook included."""
    hook: bool = True


@frozen
class PreStop:
    """Run the preStop hook of a sidecar whose turn to be stopped is yet to come, in the background."""

    container: Container
    message: str
    grace: float
    """Seconds that the hook has."""


@frozen
class ResizeContainer:
    """Give a running container what its spec says now, without a restart. A failure is tried again later."""

    name: str
    container_id: str


@frozen
class RemoveContainer:
    container_id: str


@frozen
class StopSandbox:
    sandbox_id: str


@frozen
class RemoveSandbox:
    sandbox_id: str


@frozen
class UnpublishVolumes:
    """The pod will not run again: its volumes go."""


@frozen
class DeletePod:
    """Tell the API, once the last status is written, that the pod has ended."""


@frozen
class Say:
    """An event about the pod, or about one of its containers."""

    reason: str
    message: str
    type: Literal["Normal", "Warning"] = "Normal"
    container: str = ""


NodeAction = (
    PublishVolumes
    | CreateSandbox
    | StartContainer
    | KillContainer
    | PreStop
    | ResizeContainer
    | RemoveContainer
    | StopSandbox
    | RemoveSandbox
    | UnpublishVolumes
    | DeletePod
    | Say
)


@frozen(kw_only=True)
class PodPlan:
    """``status`` is what is true now, before the actions; ``waiting`` is handed to the next plan."""

    status: PodStatus
    actions: tuple[NodeAction, ...] = ()
    waiting: dict[str, Problem] = attrs.field(factory=dict)
    ends: bool = False
    """The pod is being stopped: its grace period runs."""
    requeue_after: float | None = None
    """Seconds until something falls due."""
