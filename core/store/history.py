"""How much history a store keeps: a pure rule that every built-in store applies after its writes."""

from __future__ import annotations

import attrs

from sampan.core.classes import define


@define
class HistoryPolicy:
    """Kubernetes' rule with a bound: about every five minutes forget what is older than that, and never keep too much.

    A watch or a paged list can go on from any revision of the last ``seconds``, unless there were more than ``revisions``
    writes since, or what they have replaced is larger than ``size`` bytes.
    """

    seconds: float = 300
    revisions: int = 10_000
    size: int = 256 * 1024 * 1024
    _mark: tuple[float, int] | None = attrs.field(default=None, init=False)

    def due(self, now: float, latest: int, compacted: int, replaced: int = 0) -> int | None:
        """The revision to compact to, if it is time to. ``now`` is seconds on any steady clock.

        ``replaced`` is how many bytes the history has since the last compaction.
        """
        target = compacted
        if self._mark is None:
            self._mark = (now, latest)
        elif now - self._mark[0] >= self.seconds:
            target = self._mark[1]
            self._mark = (now, latest)
        if latest - compacted >= 2 * self.revisions:  # twice, so that compaction is a rare, larger step
            target = max(target, latest - self.revisions)
        if replaced >= self.size:
            target = max(target, latest)
        return target if target > compacted else None
