"""What is known about every node for one group of pods: those that are alike in all that placement looks at.

Kept by the scheduler while such pods come. Only what has changed since the last decision is looked at again, so a
thousand replicas cost little more than one each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, Unschedulable
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.plugins.schedulers.ranking import Ranking, Scores

Seat = tuple[GroupedPlugin, Judge]


class Opinion:
    """What all narrow judges say of one `NodeState`."""

    __slots__ = ("by", "measures", "points", "refusal", "state")

    def __init__(self, state: NodeState, by: str, refusal: Refusal | None, points: float, measures: tuple[float, ...]):
        self.state = state
        self.by = by
        self.refusal = refusal
        self.points = points
        """The weighted sum of what needs no normalizing."""
        self.measures = measures
        """One for each relative judge."""


class Group:
    """The judges of one group, and their opinions."""

    def __init__(self, pod: Pod, state: ClusterState, plugins: Iterable[GroupedPlugin]) -> None:
        self.generation = -1
        self.epoch = state.epoch
        self.refusal: Unschedulable | None = None
        """The last verdict, where it was no: as long as nothing changes it is the same for the next pod."""
        seats = [(plugin, judge) for plugin in plugins if (judge := plugin.judge(pod, state)) is not None]
        narrow = [seat for seat in seats if not seat[1].is_wide]
        self._wide = [seat for seat in seats if seat[1].is_wide]
        self._filters = [seat for seat in narrow if seat[1].filters]
        scores = [seat for seat in narrow if seat[1].scores and seat[0].weight]
        self._absolute = [seat for seat in scores if not seat[1].is_relative]
        self._relative = [seat for seat in scores if seat[1].is_relative]
        self._told_apart = [0] * len(self._relative)
        """For each relative judge, how many nodes it gave something other than 0."""
        self._opinions: dict[str, Opinion] = {}
        self.refused: dict[str, tuple[str, Refusal]] = {}
        """Who refuses which node, of the narrow judges' opinions."""
        self._ranking: Ranking | None = None
        self._unranked: set[str] = set()
        """Nodes that have changed since they were last ranked."""
        self._decisions = 0

    def catch_up(self, state: ClusterState) -> None:
        """Look again at the nodes that have changed since the last decision, and at no other."""
        if self.generation == state.generation:
            return
        for name in state.changed_since(self.generation):
            self._forget(name)
            self._unranked.add(name)
            node = state.find(name)
            for _, judge in self._wide:
                judge.update(name, node)
        self.generation = state.generation
        self.refusal = None

    def best(self, pod: Pod, state: ClusterState) -> NodeState | None:
        """The best of all nodes, where that can be told without looking at each of them; else ``None``.

        Nodes are ranked from the second decision on: most groups that have one pod have one pod alone.
        """
        self._decisions += 1
        if self._decisions == 1 or state.has_promises or not all(map(self._goes_by_sorts, self._wide)):
            return None
        return self._ranked(state).best(pod, self._totals)

    def _goes_by_sorts(self, seat: Seat) -> bool:
        """Whether a wide judge has nothing to say at present, or says the same of all nodes of a sort."""
        plugin, judge = seat
        return not judge.filters and (not judge.scores or not plugin.weight or judge.has_sorts)

    def _ranked(self, state: ClusterState) -> Ranking:
        ranking = self._ranking = self._ranking or Ranking()
        for name in self._unranked:
            ranking.drop(name)
            node = state.find(name)
            if node is not None and (opinion := self.opinion(node)).refusal is None:
                sorts = tuple(judge.sort(node) for _, judge in self._wide)
                ranking.put(node, (opinion.points, opinion.measures, sorts))
        self._unranked.clear()
        return ranking

    def opinion(self, node: NodeState) -> Opinion:
        """The narrow judges' opinion of a node of the state that was caught up with."""
        known = self._opinions.get(node.name)
        if known is None or known.state is not node:
            known = self._opinions[node.name] = self._form(node)
            if known.refusal is not None:
                self.refused[node.name] = (known.by, known.refusal)
            for index, measure in enumerate(known.measures):
                self._told_apart[index] += measure != 0
        return known

    def wide_filters(self) -> list[Seat]:
        """Those that may refuse a node because of others."""
        return [seat for seat in self._wide if seat[1].filters]

    def what_if(self, node: NodeState) -> tuple[str, Refusal] | None:
        """Who would refuse the node if it were like this, all else being as it is."""
        by, refusal = self._narrow_refusal(node)
        if refusal is not None:
            return by, refusal
        for plugin, judge in self._wide:
            if judge.filters and (refusal := judge.refuses(node)) is not None:
                return plugin.name, refusal
        return None

    def suppose(self, name: str, node: NodeState | None) -> None:
        """Have the wide judges take a node for another; to be taken back with the real one."""
        for _, judge in self._wide:
            judge.update(name, node)

    def totals(self, opinions: Sequence[Opinion]) -> list[float]:
        """The nodes' weighted points, in order."""
        return self._totals(
            [(opinion.points, opinion.measures, ()) for opinion in opinions], [opinion.state for opinion in opinions]
        )

    def _totals(self, scores: Sequence[Scores], nodes: Sequence[NodeState]) -> list[float]:
        totals = [points for points, _, _ in scores]
        for index, (plugin, judge) in enumerate(self._relative):
            if self._told_apart[index]:
                add(totals, judge.normalize([measures[index] for _, measures, _ in scores]), plugin.weight)
        for plugin, judge in self._wide:
            if judge.scores and plugin.weight:
                found = [judge.score(node) for node in nodes]
                if any(found):
                    add(totals, judge.normalize(found), plugin.weight)
        return totals

    def _forget(self, name: str) -> None:
        known = self._opinions.pop(name, None)
        if known is not None:
            self.refused.pop(name, None)
            for index, measure in enumerate(known.measures):
                self._told_apart[index] -= measure != 0

    def _form(self, node: NodeState) -> Opinion:
        by, refusal = self._narrow_refusal(node)
        if refusal is not None:
            return Opinion(node, by, refusal, 0.0, ())
        points = 0.0
        for plugin, judge in self._absolute:
            points += plugin.weight * judge.score(node)
        return Opinion(node, "", None, points, tuple(judge.score(node) for _, judge in self._relative))

    def _narrow_refusal(self, node: NodeState) -> tuple[str, Refusal | None]:
        """The first filter's that refuses: Kubernetes' framework stops there too."""
        for plugin, judge in self._filters:
            if (refusal := judge.refuses(node)) is not None:
                return plugin.name, refusal
        return "", None


def add(totals: list[float], points: Sequence[float], weight: float) -> None:
    for index, each in enumerate(points):
        totals[index] += weight * each
