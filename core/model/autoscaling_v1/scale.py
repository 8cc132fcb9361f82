"""Scale: the body of the ``scale`` subresource."""

from __future__ import annotations

from sampan.core.model.kinds import KubeObject, kind
from sampan.core.model.meta import model, wire


@model
class ScaleSpec:
    """The wanted number of replicas."""

    replicas: int = wire(default=0, format="int32")
    """How many replicas the workload should have."""


@model
class ScaleStatus:
    """The number of replicas there are, and whose they are."""

    replicas: int = wire(default=0, required=True, emit="always", format="int32")
    """How many replicas the workload has now."""
    selector: str | None = None
    """The workload's pod selector written as text, as in a list request's ``labelSelector``."""


@kind("autoscaling/v1", plural="scales", verbs=())
@model
class Scale(KubeObject):
    """A workload seen as a number."""

    spec: ScaleSpec = wire(default=ScaleSpec(), emit="always")
    """The number that is wanted; writing it scales the workload."""
    status: ScaleStatus = wire(default=ScaleStatus(), emit="always")
    """The number there is. Read-only."""
