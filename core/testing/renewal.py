"""Stored objects as another cluster has them: with times and uids of its own, the same wherever one names another's.

Where the marks are is found once, so that each cluster costs a list of pieces that are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sampan.core.api.uids import new_uid
from sampan.core.schema.scalars import format_time
from sampan.core.store.contract import KeyValue

_MARKS = re.compile(
    rb'"(?:([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})'
    rb'|(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z))"'
)
"""Uids and times."""
_END = b"\n"
"""Between two objects: none is in JSON as it is stored."""


class Renewal:
    """Of some objects, as often as it is asked for."""

    def __init__(self, objects: Iterable[KeyValue]) -> None:
        objects = tuple(objects)
        self._keys = [each.key for each in objects]
        self._pieces: list[bytes] = []
        self._uids: list[tuple[int, int]] = []
        """Where in the pieces which uid is, by number."""
        self._times: list[tuple[int, bytes]] = []
        """Where a time is, and what it has beyond the second."""
        known: dict[bytes, int] = {}
        text, end = _END.join(each.value for each in objects), 0
        for mark in _MARKS.finditer(text):
            uid, time = mark.groups()
            self._pieces += (text[end : mark.start()], b"")
            place = len(self._pieces) - 1
            if uid:
                self._uids.append((place, known.setdefault(uid, len(known))))
            else:
                self._times.append((place, time[len("2030-01-01T00:00:00") :]))
            end = mark.end()
        self._pieces.append(text[end:])
        self._count = len(known)

    def renewed(self, now: datetime) -> Iterable[tuple[str, bytes]]:
        """Key and value of each, in their order."""
        pieces = self._pieces.copy()
        uids = [b'"%b"' % new_uid().encode() for _ in range(self._count)]
        for place, number in self._uids:
            pieces[place] = uids[number]
        second = format_time(now)[:-1].encode()
        for place, rest in self._times:
            pieces[place] = b'"%b%b"' % (second, rest)
        return zip(self._keys, b"".join(pieces).split(_END), strict=True)
