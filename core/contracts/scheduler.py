"""The scheduler contract, after the scheduling framework's extension points. Pure and quick, on the event loop.

`Scheduler.place` decides for one pod. The built-in one is made of `SchedulerPlugin`s (filter, score, reserve, permit);
an outside plugin adds one of those, or replaces the whole scheduler by name (``spec.schedulerName`` picks among them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod


@attrs.frozen(kw_only=True)
class NodeState:
    """A node with the pods that are bound to it or about to be. Finished pods are not counted."""

    node: Node
    pods: tuple[Pod, ...]
    memo: dict[str, Any] = attrs.field(factory=dict, eq=False, repr=False)
    """What scheduler plugins have worked out of the two and keep for the next decision, under their own names. A node
    that has changed, or whose pods have, comes as another `NodeState`."""

    @property
    def name(self) -> str:
        return self.node.metadata.name or ""


@attrs.frozen(kw_only=True)
class ClusterState:
    """What one decision may look at. ``extra`` holds what plugins asked for by kind (Services, ReplicaSets …)."""

    nodes: tuple[NodeState, ...]
    extra: Mapping[type, Sequence[object]] = attrs.field(factory=dict)


@attrs.frozen
class Refusal:
    """Why a pod cannot be on a node, in Kubernetes' words; and whether it could if others left."""

    reason: str
    preemption_helps: bool = False
    further: tuple[str, ...] = ()
    """More reasons of the same sort (``Insufficient memory`` besides ``Insufficient cpu``)."""

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reason, *self.further)


@attrs.frozen(kw_only=True)
class Placed:
    node: str


@attrs.frozen(kw_only=True)
class Unschedulable:
    """``reasons``: sentence → number of nodes, as in ``0/3 nodes are available: 3 Insufficient cpu.``"""

    reasons: Mapping[str, int]
    message: str


@attrs.frozen(kw_only=True)
class Wait:
    """A permit plugin wants to wait: try again after so many seconds."""

    seconds: float
    message: str


class SchedulerPlugin(Protocol):
    """One concern. Inherit from `SchedulerPluginBase` and override what is needed."""

    name: str
    weight: int

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        """Why the pod cannot be on this node; ``None``: it can."""
        ...

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        """How well the node suits, in any measure: asked of every feasible node, and then given to `normalize`."""
        ...

    def filter_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        """The same for all nodes at once, after every `filter`: ``nodes`` are those that each of them found feasible.

        The refused ones by name.
        """
        ...

    def score_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Sequence[float]:
        """`score` of all feasible nodes at once, in their order."""
        ...

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        """The feasible nodes' scores as points, 0 to 100; the highest weighted sum wins."""
        ...

    def reserve(self, pod: Pod, node: NodeState) -> str | None:
        """Last word before the bind: a reason refuses."""
        ...

    def permit(self, pod: Pod, node: NodeState) -> float:
        """Seconds to wait before binding; 0 is now."""
        ...


class SchedulerPluginBase:
    """Says yes to everything."""

    name = ""
    weight = 1

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        return None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        return 0.0

    def filter_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Mapping[str, Refusal]:
        return {}

    def score_all(self, pod: Pod, nodes: Sequence[NodeState], state: ClusterState) -> Sequence[float]:
        return [self.score(pod, node, state) for node in nodes]

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        return scores

    def reserve(self, pod: Pod, node: NodeState) -> str | None:
        return None

    def permit(self, pod: Pod, node: NodeState) -> float:
        return 0.0


class Scheduler(Protocol):
    name: str
    """What ``spec.schedulerName`` says; the built-in one is ``default-scheduler``."""

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait: ...
