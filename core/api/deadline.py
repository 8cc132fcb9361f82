"""How long an ordinary request may take: a minute, as in Kubernetes, or what its client names if that is less.

A request that is late is answered with 504, and its handler goes on without anybody to answer: a write that was begun is
never cut in two. Where the answer has begun (its client does not read it) the connection is given up. On the API server's
loop.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

from sampan.core.api.options import Query
from sampan.core.api.reply import Reply
from sampan.core.api.responses import send_error
from sampan.core.errors import BadRequest, Timeout

SECONDS: Final = 60.0
_DURATION: Final = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|µs|ms|s|m|h))+")
_NUMBER: Final = re.compile(r"[-+]?[0-9.]+")
SAID: Final = "invalid timeout specified in the request URL"
_PART: Final = re.compile(r"([0-9.]+)(ns|us|µs|ms|s|m|h)")
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_for(query: Query) -> float:
    """Raises `BadRequest` for a ``timeout`` that is no duration as Go writes them (``1m30s``)."""
    text = query.get("timeout", "")
    if not text or text in ("0", "-0", "+0"):
        return SECONDS
    if not _DURATION.fullmatch(text):
        if _NUMBER.fullmatch(text):
            raise BadRequest(f'{SAID} - time: missing unit in duration "{text[:64]}"')
        raise BadRequest(f'{SAID} - time: invalid duration "{text[:64]}"')
    if text.startswith("-"):
        return SECONDS
    asked = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return min(asked or SECONDS, SECONDS)


class Deadline:
    """Of one request, whose own task makes it."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None
        self._saying: asyncio.Task[None] | None = None
        self.passed = False

    def begin(self, seconds: float) -> None:
        """Or begin anew."""
        self.end()
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._pass)

    def end(self) -> None:
        """The request is done with, in time or not."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._task = None

    def _pass(self) -> None:
        self.passed = True
        if self._reply.code == 0:
            late = Timeout("Timeout: request did not complete within the allotted timeout")
            instead = self._reply.instead()
            self._reply.code = late.code
            self._saying = asyncio.create_task(send_error(instead, late))
        elif self._task is not None:
            self._task.cancel()
