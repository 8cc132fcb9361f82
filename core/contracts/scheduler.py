"""The scheduler contract, after the scheduling framework's extension points. Pure and quick, on the event loop.

`Scheduler.place` decides for one pod. The built-in one is made of `SchedulerPlugin`s (filter, score, reserve, permit);
an outside plugin adds one of those, or replaces the whole scheduler by name (``spec.schedulerName`` picks among them).

A plugin comes in two forms. The plain one is asked about a pod and a node each time. A `GroupedPlugin` is asked once for a
group of pods that are alike in all it looks at, and gives a `Judge`: what that says of a node is remembered until the node
changes, so that a decision costs what has changed since the last one.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import attrs

from sampan.core.contracts.plan import Action
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.pod_requests import Amounts, amounts, held_requests, less, more, scored_requests, total

T = TypeVar("T", bound=KubeObject)


@attrs.frozen(kw_only=True)
class NodeState:
    """A node with the pods that are bound to it or about to be. Finished pods are not counted.

    Never changed: a node that has changed, or whose pods have, is another `NodeState`. Its sums are carried over, since
    adding up all pods of a node for every decision would cost more than the decision.
    """

    node: Node
    pods: tuple[Pod, ...] = ()
    name: str = attrs.field(init=False, eq=False)
    memo: dict[str, Any] = attrs.field(factory=dict, eq=False, repr=False)
    """What scheduler plugins have worked out of the two and keep for the next decision, under their own names."""

    @name.default
    def _name(self) -> str:
        return self.node.metadata.name or ""

    @property
    def allocatable(self) -> Amounts:
        return self._remembered("allocatable", lambda: amounts(self.node.status.allocatable))

    @property
    def requested(self) -> Amounts:
        """What the pods request together."""
        return self._remembered("requested", lambda: total(map(held_requests, self.pods)))

    @property
    def scored(self) -> Amounts:
        """The same as scores count it: a container without a request counts a little."""
        return self._remembered("scored", lambda: total(map(scored_requests, self.pods)))

    def plus(self, pod: Pod) -> Self:
        memo = {
            "allocatable": self.allocatable,
            "requested": more(self.requested, held_requests(pod)),
            "scored": more(self.scored, scored_requests(pod)),
        }
        return attrs.evolve(self, pods=(*self.pods, pod), memo=memo)

    def minus(self, *gone: Pod) -> Self:
        """Without these pods, told by their uid."""
        uids = {pod.metadata.uid for pod in gone}
        left = tuple(pod for pod in self.pods if pod.metadata.uid not in uids)
        taken = [pod for pod in self.pods if pod.metadata.uid in uids]
        memo = {
            "allocatable": self.allocatable,
            "requested": less(self.requested, total(map(held_requests, taken))),
            "scored": less(self.scored, total(map(scored_requests, taken))),
        }
        return attrs.evolve(self, pods=left, memo=memo)

    def _remembered(self, what: str, work_out: Any) -> Amounts:
        found: Amounts | None = self.memo.get(what)
        if found is None:
            found = self.memo[what] = work_out()
        return found


class ClusterState(Protocol):
    """What a decision may look at. It is kept up to date in place: look, and keep nothing of it but `NodeState`s."""

    @property
    def nodes(self) -> tuple[NodeState, ...]: ...

    @property
    def extra(self) -> Mapping[type, Sequence[object]]:
        """What plugins look at besides (Services, Namespaces, PodDisruptionBudgets …), by kind."""
        ...

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """One of `extra`."""
        ...

    @property
    def generation(self) -> int:
        """Grows with each change of a node or of its pods."""
        ...

    @property
    def epoch(self) -> int:
        """Grows with each change in ``extra``: whoever remembers what follows from that begins anew."""
        ...

    def find(self, name: str) -> NodeState | None: ...

    def changed_since(self, generation: int) -> Iterable[str]:
        """Names of the nodes that have come, gone or changed since; costs as much as there are."""
        ...

    @property
    def has_promises(self) -> bool:
        """Whether any pod is nominated for a node."""
        ...

    def nominated(self, node: str) -> Sequence[Pod]:
        """Pods without a node that have been promised this one, by the preemption that is making room for them."""
        ...


class Change(enum.Flag):
    """What may have happened that lets a pod be placed that could not be: scheduling framework's cluster events."""

    NODE_ADDED = enum.auto()
    NODE_ALLOCATABLE = enum.auto()
    NODE_LABELS = enum.auto()
    NODE_TAINTS = enum.auto()
    """Or whether it takes pods at all."""
    POD_LEFT = enum.auto()
    """It has gone from its node, ended, or asks for less."""
    POD_CAME = enum.auto()
    """It was bound, or its labels have changed."""
    NAMESPACE = enum.auto()
    STORAGE = enum.auto()
    """A volume, a claim or a storage class."""
    OTHER = enum.auto()

    @classmethod
    def any(cls) -> Change:
        return ~cls(0)


@attrs.frozen
class Refusal:
    """Why a pod cannot be on a node, in Kubernetes' words; and whether it could if others left."""

    reason: str
    preemption_helps: bool = False
    of_pod: bool = False
    """It is the pod's own: no node would do. Said once, not of each node."""
    further: tuple[str, ...] = ()
    """More reasons of the same sort (``Insufficient memory`` besides ``Insufficient cpu``)."""

    @property
    def reasons(self) -> tuple[str, ...]:
        return (self.reason, *self.further)


@attrs.frozen(kw_only=True)
class Placed:
    node: str
    before: tuple[Action, ...] = ()
    """What must be written before the bind (claims are told which node was chosen)."""
    held: bool = False
    """The bind waits until the scheduler says that all is `Ready` (the claims have their volumes); the room is kept."""


@attrs.frozen(kw_only=True)
class Preemption:
    """Room that is made: these pods leave the node, and the pod is promised it."""

    node: str
    victims: tuple[Pod, ...]


@attrs.frozen(kw_only=True)
class Unschedulable:
    """``reasons``: sentence → number of nodes, as in ``0/3 nodes are available: 3 Insufficient cpu.``"""

    reasons: Mapping[str, int]
    message: str
    helped_by: Change = attrs.field(factory=Change.any)
    """Which changes are worth another look."""
    preemption: Preemption | None = None
    by_node: Mapping[str, tuple[str, Refusal]] = attrs.field(factory=dict, eq=False, repr=False)
    """Node → the plugin that refused it, and why."""


@attrs.frozen(kw_only=True)
class Wait:
    """A permit plugin wants to wait: try again after so many seconds."""

    seconds: float
    message: str


class Ready(enum.Enum):
    """Whether a pod may be bound to the node that was chosen for it."""

    YES = enum.auto()
    NOT_YET = enum.auto()
    NO_MORE = enum.auto()
    """The node will not do after all: decide anew."""


class SchedulerPlugin(Protocol):
    """One concern. Inherit from `SchedulerPluginBase` and override what is needed."""

    name: str
    weight: int
    helped_by: Change
    """Which changes may turn a refusal of this plugin's into a yes."""

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

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Action]:
        """What is to be written before the bind."""
        ...

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        """Asked with every change of storage for a pod that is held, once what was to be written has been."""
        ...


class SchedulerPluginBase:
    """Says yes to everything."""

    name = ""
    weight = 1
    helped_by = Change.any()

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

    def before(self, pod: Pod, node: NodeState, state: ClusterState) -> Iterable[Action]:
        return ()

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        return Ready.YES


class Judge:
    """What one plugin says of nodes for the pods of one group. Inherit, and override what is needed."""

    filters = False
    """Whether `refuses` can ever say no to these pods."""
    scores = False
    """Whether `score` tells nodes apart for them."""
    is_relative = False
    """Whether scores are measures for `normalize`; else they are points already. Where every node has 0, `normalize`
    must give all of them the same, and is not asked."""
    is_wide = False
    """Whether both depend on other nodes too. If not, they are asked once for each `NodeState`."""

    has_sorts = False
    """Of a wide one: whether its score is the same for all nodes of a `sort`, whatever that is at present."""

    def sort(self, node: NodeState) -> Hashable:
        """All of a node that the score of a wide judge follows from, besides the other nodes."""
        return None

    def update(self, name: str, node: NodeState | None) -> None:
        """A node has come, changed or gone (``None``). Told to wide judges alone, at first of all nodes."""

    def refuses(self, node: NodeState) -> Refusal | None:
        return None

    def score(self, node: NodeState) -> float:
        return 0.0

    def normalize(self, scores: Sequence[float]) -> Sequence[float]:
        """A measure that several nodes share may be there once: what matters is which measures there are."""
        return scores


class GroupedPlugin(SchedulerPluginBase, ABC):
    """A plugin whose answers hold for all pods that it signs alike. Inherit, and say `sign` and `judge`.

    `filter` and `score` follow from the judge, for schedulers that know no groups.
    """

    _last: tuple[Pod, int, Judge | None] | None = None

    @abstractmethod
    def sign(self, pod: Pod) -> Hashable:
        """All that it looks at in a pod."""

    @abstractmethod
    def judge(self, pod: Pod, state: ClusterState) -> Judge | None:
        """For pods signed like this one; ``None`` where it has nothing to say about them."""

    def filter(self, pod: Pod, node: NodeState, state: ClusterState) -> Refusal | None:
        judge = self._informed(pod, state)
        return judge.refuses(node) if judge is not None and judge.filters else None

    def score(self, pod: Pod, node: NodeState, state: ClusterState) -> float:
        judge = self._informed(pod, state)
        return judge.score(node) if judge is not None and judge.scores else 0.0

    def normalize(self, pod: Pod, scores: Sequence[float]) -> Sequence[float]:
        judge = self._last[2] if self._last else None
        return judge.normalize(scores) if judge is not None and judge.is_relative else scores

    def _informed(self, pod: Pod, state: ClusterState) -> Judge | None:
        """A judge that knows all nodes: made once for a decision, not once for each node."""
        if self._last is None or self._last[0] is not pod or self._last[1] != state.generation:
            judge = self.judge(pod, state)
            if judge is not None and judge.is_wide:
                for node in state.nodes:
                    judge.update(node.name, node)
            self._last = (pod, state.generation, judge)
        return self._last[2]


class Scheduler(Protocol):
    name: str
    """What ``spec.schedulerName`` says; the built-in one is ``default-scheduler``."""

    def place(self, pod: Pod, state: ClusterState) -> Placed | Unschedulable | Wait: ...


@runtime_checkable
class Holds(Protocol):
    """What a scheduler has besides if it ever answers with a `Placed` that is held."""

    def ready(self, pod: Pod, node: str, state: ClusterState) -> Ready:
        """Whether the pod may be bound now. Asked with every change of storage."""
        ...
