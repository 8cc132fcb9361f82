"""Pods that found no place, by what may help them; and how long each has to wait before it is tried again.

Kubernetes' scheduling queue: a refused pod comes back when something has changed that may help it, after a back-off that
doubles with each refusal, and at the latest after five minutes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sampan.core.classes import define
from sampan.core.contracts.controller import Key
from sampan.core.contracts.scheduler import Change
from sampan.core.loops import growing

FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.2, 10.0
LONGEST_WAIT = 300.0
"""Seconds after which a pod is tried again though nothing seems to have helped it."""


@define
class _Refused:
    helped_by: Change
    attempts: int
    not_before: float


class Waiting:
    """Used by the scheduling controller alone. Times are of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._refused: dict[Key, _Refused] = {}
        self._by_help: dict[Change, dict[Key, None]] = {}
        """Those that nothing has helped yet: one that is to be tried again need not be told of a second change."""
        self._meanwhile = Change(0)
        """What has happened since the decision began, perhaps in another thread."""

    def begin(self) -> None:
        """A decision begins, which sees all that has happened until now."""
        self._meanwhile = Change(0)

    def refused(self, key: Key, helped_by: Change, now: float) -> bool:
        """Whether the pod is to wait for a change; not where one that may help has come while it was decided about."""
        known = self._refused.get(key)
        attempts = known.attempts + 1 if known else 1
        self._leave(key, known)
        back_off = growing(attempts - 1, FIRST_BACK_OFF, LONGEST_BACK_OFF)
        self._refused[key] = _Refused(helped_by, attempts, now + back_off)
        self._by_help.setdefault(helped_by, {})[key] = None
        return (
            not self._meanwhile & helped_by
        )  # asked last: a change that comes now finds the pod among those that wait

    def forget(self, key: Key) -> None:
        """It was placed, has gone, or has changed itself."""
        self._leave(key, self._refused.pop(key, None))

    def helped(self, change: Change) -> Sequence[Key]:
        """Those to be tried again as ``change`` may help them; those that another one has helped already cost nothing."""
        self._meanwhile |= change
        helped = [helped_by for helped_by in list(self._by_help) if helped_by & change]
        return [key for helped_by in helped for key in list(self._by_help.pop(helped_by, ()))]

    def seconds_to_wait(self, key: Key, now: float) -> float:
        """How long the key must still be left alone."""
        known = self._refused.get(key)
        return max(0.0, known.not_before - now) if known else 0.0

    def _leave(self, key: Key, known: _Refused | None) -> None:
        if known is not None and (alike := self._by_help.get(known.helped_by)) is not None:
            alike.pop(key, None)
            if not alike:
                del self._by_help[known.helped_by]
