"""What is known about every node for one group of pods: those that are alike in all that placement looks at.

Kept by the scheduler while such pods come. Only what has changed since the last decision is looked at again, so a
thousand replicas cost little more than one each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sampan.core.contracts.scheduler import ClusterState, NodeState, Refusal, Unschedulable
from sampan.core.contracts.scheduler_plugin import GroupedPlugin, Judge
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.scheduling.decisions import MOST_NODES
from sampan.plugins.schedulers.places import Sorts
from sampan.plugins.schedulers.ranking import Ranking, Scores

Seat = tuple[GroupedPlugin, Judge]
Said = tuple[str, Refusal]
"""A refusal, and the plugin that it is of."""


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

    def __init__(self, pod: Pod, state: ClusterState, plugins: Sequence[GroupedPlugin]) -> None:
        self.generation = -1
        self._epoch = state.epoch
        kinds = [plugin.looks_at(pod) for plugin in plugins]
        self._made_from = {kind: state.extra.get(kind) for some in kinds for kind in some or ()}
        self._may_look_at_anything = None in kinds
        self.refusal: Unschedulable | None = None
        """The last verdict, where it was no: as long as nothing changes it is the same for the next pod."""
        self._anyone = evolve(pod, metadata=ObjectMeta())
        """One of the group's pods, and no certain one."""
        seats = [(plugin, judge) for plugin in plugins if (judge := plugin.judge(pod, state)) is not None]
        self._narrowing = [seat for seat in seats if seat[1].only is not None]
        sets = [judge.only for _, judge in self._narrowing if judge.only is not None]
        self.only = frozenset.intersection(*sets) if sets else None
        """Names of the nodes that are looked at; ``None`` for all."""
        if self.only is not None and len(self.only) == 1:
            seats = [seat for seat in seats if not seat[1].never_filters]
        narrow = [seat for seat in seats if not seat[1].is_wide]
        self._wide = [seat for seat in seats if seat[1].is_wide]
        self._filters = [seat for seat in narrow if seat[1].filters]
        scores = [seat for seat in narrow if seat[1].scores and seat[0].weight]
        self._absolute = [seat for seat in scores if not seat[1].is_relative]
        self._relative = [seat for seat in scores if seat[1].is_relative]
        self._told_apart = [0] * len(self._relative)
        """For each relative judge, how many nodes it gave something other than 0."""
        self._opinions: dict[str, Opinion] = {}
        self.refused: dict[str, Said] = {}
        """Who refuses which node, of the narrow judges' opinions."""
        self._tally: Counter[Said] = Counter()
        """The same by what was said: how many nodes it was said of."""
        self.rooms: dict[str, Any] = {}
        """What is known of the nodes that others could leave; forgotten with everything else about a node."""
        self._ranking: Ranking | None = None
        self._sorts = Sorts([judge for _, judge in self._wide])
        self._unranked: set[str] = set()
        """Nodes that have changed since they were last ranked."""
        self._decisions = 0

    def stands(self, state: ClusterState) -> bool:
        """Whether all that the judges were made from is as it was. Budgets may not be: they tell who could leave."""
        if self._epoch != state.epoch:
            if self._may_look_at_anything or any(
                state.extra.get(kind) is not it for kind, it in self._made_from.items()
            ):
                return False
            self._epoch = state.epoch
            self.rooms.clear()
            self.refusal = None
        return True

    def catch_up(self, state: ClusterState) -> None:
        """Look again at the nodes that have changed since the last decision, and at no other."""
        if self.generation == state.generation:
            return
        if self.generation < 0:
            for _, judge in self._wide:
                judge.begin(state)
            self._unranked.update(state.changed_since(-1) if self.only is None else self.only)
        else:
            for name in state.changed_since(self.generation):
                self._forget(name)
                if self.only is None or name in self.only:
                    self._unranked.add(name)
                node = state.find(name)
                for _, judge in self._wide:
                    judge.update(name, node)
        self.generation = state.generation
        self.refusal = None

    def nodes(self, state: ClusterState) -> Sequence[NodeState]:
        """Those that are looked at."""
        if self.only is None:
            return state.nodes
        return [node for name in sorted(self.only) if (node := state.find(name)) is not None]

    def tally(self, refused: Mapping[str, Said], state: ClusterState) -> Counter[Said]:
        """What was said of how many nodes, those that are not looked at among them."""
        said = self._tally.copy() if refused is self.refused else Counter(refused.values())
        others = len(state.nodes) - len(self.nodes(state)) if self.only is not None else 0
        if others:
            names = sorted(plugin.name for plugin, _ in self._narrowing)
            said[names[0], Refusal(f"node(s) didn't satisfy plugin(s) [{' '.join(names)}]")] += others
        return said

    def rank(self, state: ClusterState) -> Ranking | None:
        """All feasible nodes, where the best can be told without looking at each of them; else ``None``.

        Nodes are ranked from the second decision on: most groups that have one pod have one pod alone.
        """
        self._decisions += 1
        if self._decisions == 1 or not all(map(self._goes_by_sorts, self._wide)):
            return None
        if state.has_promises and self.wide_filters():
            return None  # what others are promised is looked at node by node
        return self._ranked(state)

    def best(self, pod: Pod, ranking: Ranking) -> NodeState | None:
        return ranking.best(pod, self._totals, self.wide_refusal)

    def refused_by(self, ranking: Ranking) -> Mapping[str, Said]:
        """Who refuses which node, as far as it is told: of all nodes where wide judges have no say."""
        if not self.wide_filters():
            return self.refused
        said = dict(islice(self.refused.items(), MOST_NODES))
        for alike in ranking.sorts():
            if len(said) < MOST_NODES and (refusal := self.wide_refusal(alike[0])) is not None:
                said |= {node.name: refusal for node in alike[: MOST_NODES - len(said)]}
        return said

    def _goes_by_sorts(self, seat: Seat) -> bool:
        """Whether a wide judge has nothing to say at present, or says the same of all nodes of a sort."""
        plugin, judge = seat
        return judge.has_sorts or not (judge.filters or (judge.scores and plugin.weight))

    def _ranked(self, state: ClusterState) -> Ranking:
        ranking = self._ranking = self._ranking or Ranking()
        moved = self._sorts.moved(state)
        self._unranked.update(moved if self.only is None else self.only.intersection(moved))
        for name in self._unranked:
            ranking.drop(name)
            node = state.find(name)
            if node is None or (opinion := self.opinion(node, state)).refusal is not None:
                continue
            promised = with_promised(node, self._anyone, state)
            if promised is node or self.if_kept(node, promised) is None:
                ranking.put(node, (opinion.points, opinion.measures, self._sorts.of(node)))
        self._unranked.clear()
        return ranking

    def opinion(self, node: NodeState, state: ClusterState) -> Opinion:
        """The narrow judges' opinion of a node of the state that was caught up with, also of what it is promised to."""
        known = self._opinions.get(node.name)
        if known is None or known.state is not node:
            known = self._opinions[node.name] = self._form(node, with_promised(node, self._anyone, state))
            if known.refusal is not None:
                said = self.refused[node.name] = (known.by, known.refusal)
                self._tally[said] += 1
            for index, measure in enumerate(known.measures):
                self._told_apart[index] += measure != 0
        return known

    def own_opinion(self, node: NodeState, pod: Pod, state: ClusterState) -> Opinion:
        """The same for one of the group's pods, which does not stand in its own way where the node is promised to it."""
        if pod.status.nominated_node_name != node.name:
            return self.opinion(node, state)
        return self._form(node, with_promised(node, pod, state))

    def wide_filters(self) -> list[Seat]:
        """Those that may refuse a node because of others."""
        return [seat for seat in self._wide if seat[1].filters]

    def wide_refusal(self, node: NodeState) -> Said | None:
        for plugin, judge in self._wide:
            if judge.filters and (refusal := judge.refuses(node)) is not None:
                return plugin.name, refusal
        return None

    def what_if(self, node: NodeState) -> Said | None:
        """Who would refuse the node if it were like this, all else being as it is."""
        by, refusal = self._narrow_refusal(node)
        return (by, refusal) if refusal is not None else self.wide_refusal(node)

    def if_kept(self, node: NodeState, promised: NodeState) -> Said | None:
        """Who refuses a node once the pods are there that it is promised to."""
        self.suppose(node.name, promised)
        said = self.what_if(promised)
        self.suppose(node.name, node)
        return said

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
        self.rooms.pop(name, None)
        if known is not None:
            if (said := self.refused.pop(name, None)) is not None:
                self._tally[said] -= 1
                if not self._tally[said]:
                    del self._tally[said]
            for index, measure in enumerate(known.measures):
                self._told_apart[index] -= measure != 0

    def _form(self, node: NodeState, promised: NodeState) -> Opinion:
        by, refusal = self._narrow_refusal(node)
        if refusal is None and promised is not node:
            by, refusal = self._narrow_refusal(promised)
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


def with_promised(node: NodeState, pod: Pod, state: ClusterState) -> NodeState:
    """With the pods that count for this one as if they were there already: others it is promised to, if as important."""
    for other in state.nominated(node.name):
        if other.metadata.uid != pod.metadata.uid and (other.spec.priority or 0) >= (pod.spec.priority or 0):
            node = node.plus(other)
    return node


def add(totals: list[float], points: Sequence[float], weight: float) -> None:
    for index, each in enumerate(points):
        totals[index] += weight * each
