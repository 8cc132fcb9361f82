"""The feasible nodes of a group, those that are alike in all scores kept together.

A decision then compares sorts of nodes, of which there are few, rather than nodes; and a node that changes moves from one
sort to another. Where several nodes are best, the pod's uid draws one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence

from sampan.core.contracts.scheduler import NodeState
from sampan.core.model.core_v1.pod import Pod

Scores = tuple[float, tuple[float, ...], tuple[Hashable, ...]]
"""Points, what is still to be normalized, and all that wide judges go by."""


class _Alike:
    """Nodes in no promised order; one can be taken out, and the n-th found, at once."""

    __slots__ = ("_at", "nodes")

    def __init__(self) -> None:
        self.nodes: list[NodeState] = []
        self._at: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> NodeState:
        return self.nodes[index]

    def add(self, node: NodeState) -> None:
        self._at[node.name] = len(self.nodes)
        self.nodes.append(node)

    def remove(self, name: str) -> None:
        at = self._at.pop(name)
        last = self.nodes.pop()
        if last.name != name:
            self.nodes[at] = last
            self._at[last.name] = at


class Ranking:
    """Kept by a `sampan.plugins.schedulers.group.Group`."""

    def __init__(self) -> None:
        self._scores: dict[str, Scores] = {}
        self._alike: dict[Scores, _Alike] = {}

    def __len__(self) -> int:
        return len(self._scores)

    def put(self, node: NodeState, scores: Scores) -> None:
        """A node that is feasible, with its scores as they are now."""
        self._scores[node.name] = scores
        alike = self._alike.get(scores)
        if alike is None:
            alike = self._alike[scores] = _Alike()
        alike.add(node)

    def drop(self, name: str) -> None:
        """It has changed, gone, or is not feasible any more."""
        scores = self._scores.pop(name, None)
        if scores is not None:
            alike = self._alike[scores]
            alike.remove(name)
            if not alike:
                del self._alike[scores]

    def sorts(self) -> Iterable[Sequence[NodeState]]:
        """The nodes that are alike."""
        return (alike.nodes for alike in self._alike.values())

    def best(
        self,
        pod: Pod,
        totals_of: Callable[[Sequence[Scores], Sequence[NodeState]], Sequence[float]],
        is_refused: Callable[[NodeState], object],
    ) -> NodeState | None:
        """Of each sort of node one is shown: ``totals_of`` gives the points of those that are not refused."""
        sorts = [scores for scores, alike in self._alike.items() if not is_refused(alike[0])]
        if not sorts:
            return None
        totals = totals_of(sorts, [self._alike[each][0] for each in sorts])
        most = max(totals)
        best = [self._alike[each] for each, total in zip(sorts, totals, strict=True) if total == most]
        drawn = lot(pod.metadata.uid or "") % sum(map(len, best))
        for alike in best:
            if drawn < len(alike):
                return alike[drawn]
            drawn -= len(alike)
        raise AssertionError("one of the nodes is drawn")


def lot(uid: str) -> int:
    return int.from_bytes(hashlib.blake2b(uid.encode(), digest_size=8).digest())
