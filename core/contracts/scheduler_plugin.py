"""What the built-in scheduler is made of: one concern each, which filters, scores, reserves and permits.

A plugin comes in two forms. The plain one is asked about a pod and a node each time. A `GroupedPlugin` is asked once for a
group of pods that are alike in all it looks at, and gives a `Judge`: what that says of a node is remembered until the node
changes, so that a decision costs what has changed since the last one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Protocol

from sampan.core.contracts.plan import Action
from sampan.core.contracts.scheduler import Change, ClusterState, NodeState, Ready, Refusal
from sampan.core.model.core_v1.pod import Pod


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
        """The same for several nodes at once, after `filter`: ``nodes`` are those that it and others found feasible.

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
    never_filters = False
    """Of a wide one: `refuses` says no to no node, whatever nodes come. Where there is one node, it is not needed."""
    only: frozenset[str] | None = None
    """Names of the only nodes that it may not refuse, where that is known beforehand: no other is looked at."""

    has_sorts = False
    """Of a wide one: whether its answers are the same for all nodes of a `sort`, whatever they are at present."""
    keys: Iterable[str] = ()
    """Of one that has sorts: labels whose values make places of nodes, where its answers also follow from how the node's
    places stand. More may be added at any time, behind those that there are."""

    def sort(self, node: NodeState) -> Hashable:
        """All of a node that the answers of a wide judge follow from, besides its places and the other nodes."""
        return None

    def standing(self, key: str, value: str) -> Hashable:
        """All that its answers follow from of one place, the nodes where the label ``key`` is ``value``."""
        return None

    def moved(self) -> Iterable[tuple[str, str]]:
        """Places (key, value) whose standing may have changed since this was last asked."""
        return ()

    def begin(self, state: ClusterState) -> None:
        """Get to know the nodes that there are: asked of wide judges alone, once."""
        for node in state.nodes:
            self.update(node.name, node)

    def update(self, name: str, node: NodeState | None) -> None:
        """A node has come, changed or gone (``None``). Told to wide judges alone."""

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

    follows_from: Sequence[type] | None = None
    """Kinds of `ClusterState.extra` that its judges are made from: a change of others lets them stand. ``None``: any."""

    _last: tuple[Pod, int, Judge | None] | None = None

    @abstractmethod
    def sign(self, pod: Pod) -> Hashable:
        """All that it looks at in a pod."""

    def looks_at(self, pod: Pod) -> Sequence[type] | None:
        """`follows_from` for pods signed like this one."""
        return self.follows_from

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
                judge.begin(state)
            self._last = (pod, state.generation, judge)
        return self._last[2]
