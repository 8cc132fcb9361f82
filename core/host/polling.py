"""Which of some descriptors are ready, however high their numbers: ``select`` breaks above 1,024.

Standard library only: the process runtime's shim imports it too.
"""

from __future__ import annotations

import math
import select
from collections.abc import Iterable

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL


def readable(fds: Iterable[int], timeout: float | None = None) -> list[int]:
    """Those that can be read, or have ended, within so many seconds (``None``: for ever); empty at the time-out."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    millis = None if timeout is None else max(0, math.ceil(timeout * 1000))
    return [fd for fd, events in poll.poll(millis) if events & READABLE]


def is_writable(fd: int) -> bool:
    """Now, also where writing would fail: the write says so."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))
