"""Which nodes are alike in what wide judges say of them, though that depends on all the pods that there are.

Such judges go by places: the nodes that share a value of a label. Where there are few (zones), a node's places are part
of its sort, and how they stand is asked at each decision, of one node of each sort. Where there are many (host names),
how they stand is part of the sort instead, and the nodes of a place are sorted anew when that has changed. So a decision
visits neither all nodes nor all places.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from sampan.core.contracts.scheduler import ClusterState, NodeState
from sampan.core.contracts.scheduler_plugin import Judge

FEW = 32


class Sorts:
    """Kept by a `sampan.plugins.schedulers.group.Group`, for its wide judges."""

    def __init__(self, judges: Sequence[Judge]) -> None:
        self._judges = judges
        self._keys: list[list[tuple[str, bool]]] = []
        """For each judge the keys of its places, and whether there are few."""
        self._few: dict[str, bool] = {}

    def moved(self, state: ClusterState) -> Iterable[str]:
        """Names of nodes whose sort may have changed though they have not themselves. To be asked before `of`."""
        places = {place for judge in self._judges for place in judge.moved()}
        keys = [[(key, self._are_few(key, state)) for key in judge.keys] for judge in self._judges]
        if keys != self._keys:
            self._keys = keys
            return [node.name for node in state.nodes]
        many = (place for place in places if not self._few[place[0]])
        return [name for key, value in many for name in state.places(key).get(value, ())]

    def of(self, node: NodeState) -> tuple[Hashable, ...]:
        """Nodes of which this is equal get the same answers from each judge."""
        labels = node.node.metadata.labels
        found: list[Hashable] = []
        for judge, keys in zip(self._judges, self._keys, strict=True):
            found.append(judge.sort(node))
            for key, are_few in keys:
                value = labels.get(key)
                found.append(value if are_few or value is None else judge.standing(key, value))
        return tuple(found)

    def _are_few(self, key: str, state: ClusterState) -> bool:
        """Not changed to and fro where nodes come and go."""
        most = FEW if self._few.get(key, True) else FEW // 2
        few = self._few[key] = len(state.places(key)) <= most
        return few
