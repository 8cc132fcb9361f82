"""The scheduler contract, after the scheduling framework's extension points. Pure and quick, on the event loop.

`Scheduler.place` decides for one pod. The built-in one is made of `SchedulerPlugin`s (filter, score, reserve, permit);
an outside plugin adds one of those (`scheduler_plugin.py`), or replaces the whole scheduler by name (``spec.schedulerName``
picks among them).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.plan import Action
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.pod_requests import Amounts, amounts, held_requests, less, more, scored_requests, total

T = TypeVar("T", bound=KubeObject)


@frozen(kw_only=True)
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
        """Grows with each change in ``extra``, where kinds that have not changed are the same objects as before."""
        ...

    def find(self, name: str) -> NodeState | None: ...

    def those(self, are: Callable[[NodeState], bool]) -> Iterable[NodeState]:
        """The nodes of which this is true, kept up to date from the first question on: asking again visits them alone.

        ``are`` is a function of a module, and looks at nothing but the node.
        """
        ...

    def places(self, key: str) -> Mapping[str, Collection[str]]:
        """The nodes' names by their value of a label, kept up to date from the first question on."""
        ...

    def changed_since(self, generation: int) -> Iterable[str]:
        """Names of the nodes that have come, gone or changed since, promises included; costs as much as there are."""
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


@frozen
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


ByNode = Mapping[str, tuple[str, Refusal]]
"""Node → the plugin that refused it, and why."""


@frozen(kw_only=True)
class Placed:
    node: str
    before: tuple[Action, ...] = ()
    """What must be written before the bind (claims are told which node was chosen)."""
    held: bool = False
    """The bind waits until the scheduler says that all is `Ready` (the claims have their volumes); the room is kept."""
    by_node: ByNode = attrs.field(factory=dict, eq=False, repr=False)
    """Why it is not on another node, of those that were looked at: `sampan explain pod` tells."""


@frozen(kw_only=True)
class Preemption:
    """Room that is made: these pods leave the node, and the pod is promised it."""

    node: str
    victims: tuple[Pod, ...]


@frozen(kw_only=True)
class Unschedulable:
    """``reasons``: sentence → number of nodes, as in ``0/3 nodes are available: 3 Insufficient cpu.``"""

    reasons: Mapping[str, int]
    message: str
    helped_by: Change = attrs.field(factory=Change.any)
    """Which changes are worth another look."""
    preemption: Preemption | None = None
    by_node: ByNode = attrs.field(factory=dict, eq=False, repr=False)


@frozen(kw_only=True)
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
