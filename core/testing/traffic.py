"""The requests that reach a cluster during a test, as objects, and faults that meet those of a pattern.

It is an authorizer that has no opinion, asked before all others: so it sees what comes over HTTPS and what controllers ask
in-process, each with its user, and can refuse it, delay it or break its connection off before anything is done. On the API
server's loop.
"""

from __future__ import annotations

import asyncio
import threading
from asyncio import Transport
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import attrs

from sampan.core.api.bodies import ClientGone
from sampan.core.api.connection import ASKED_OVER, BoundedProtocol
from sampan.core.classes import define, frozen
from sampan.core.contracts.access import Attributes, Decision
from sampan.core.errors import ApiError, Conflict, InternalError, NotFound, ServiceUnavailable, TooManyRequests

TURNS = 5
"""Of the event loop, until the server has seen that a connection is gone."""
ERRORS: dict[int, type[ApiError]] = {
    404: NotFound,
    409: Conflict,
    429: TooManyRequests,
    500: InternalError,
    503: ServiceUnavailable,
}


@frozen(kw_only=True)
class SeenRequest:
    """One request: what was asked, and by whom."""

    verb: str
    """``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete`` …; an HTTP method for other paths."""
    resource: str = ""
    subresource: str = ""
    group: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Where it is about no object."""
    user: str = ""


class SeenRequests:
    """All of a test so far, in order."""

    def __init__(self) -> None:
        self._seen: list[SeenRequest] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[SeenRequest]:
        with self._lock:
            return iter(tuple(self._seen))

    def __len__(self) -> int:
        return len(self._seen)

    def where(self, **pattern: str) -> list[SeenRequest]:
        """Those that fit a pattern: ``where(verb="patch", resource="pods", user="system:serviceaccount:*")``."""
        check_pattern(pattern)
        return [request for request in self if fits(request, pattern)]

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()

    def add(self, request: SeenRequest) -> None:
        with self._lock:
            self._seen.append(request)


@define(eq=False, kw_only=True)
class Fault:
    """What meets requests of a pattern."""

    pattern: dict[str, str]
    error: ApiError | None = None
    delay: float = 0.0
    disconnect_after: float | None = None
    lose_answer: bool = False
    times: int | None = None
    """How many requests it will still meet; ``None``: all."""
    met: int = 0
    """How many requests it has met."""

    def end(self) -> None:
        """Let requests pass from now on."""
        self.times = 0


class Faults:
    """Those that are set. Several may meet one request."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        *,
        error: int | ApiError | None = None,
        delay: float = 0.0,
        disconnect_after: float | None = None,
        lose_answer: bool = False,
        times: int | None = None,
        **pattern: str,
    ) -> Fault:
        """Have requests of a pattern refused, made to wait ``delay`` seconds, or their connection broken off.

        ``error``: a status code (404, 409, 429, 500, 503), or an error of `sampan.core.errors`. ``disconnect_after``: so
        many seconds after the request; 0 is before anything is done, later is for watches. Who asks in-process, as the
        cluster's own controllers do, has no connection, and is told that the server is unavailable (0), or nothing.
        ``lose_answer``: what was asked is done, and the connection breaks off instead of the answer; only for who has one.
        ``times``: only so often. ``pattern``: attributes of `SeenRequest`, with ``*`` for any text.
        """
        check_pattern(pattern)
        made = ERRORS[error](f"a fault of the test ({error})") if isinstance(error, int) else error
        fault = Fault(
            pattern=pattern,
            error=made,
            delay=delay,
            disconnect_after=disconnect_after,
            lose_answer=lose_answer,
            times=times,
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    async def meet(self, request: SeenRequest) -> None:
        """Raises the fault's error."""
        for fault in tuple(self._faults):
            if fault.times == 0 or not fits(request, fault.pattern):
                continue
            connection = ASKED_OVER.get()
            if fault.lose_answer and connection is None:
                continue
            fault.met += 1
            if fault.times is not None:
                fault.times -= 1
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.error is not None:
                raise fault.error
            if fault.lose_answer and connection is not None:
                connection.cycle.transport = LostAnswer(connection.transport)  # type: ignore[assignment]
            if fault.disconnect_after is not None:
                await _disconnect(connection, fault.disconnect_after)


class LostAnswer:
    """The connection under one answer, for the server that writes it: it breaks off with the first byte."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def _disconnect(connection: BoundedProtocol | None, after: float) -> None:
    """Raises `ClientGone` where there is nobody to answer any more."""
    if after > 0:
        if connection is not None:
            asyncio.get_running_loop().call_later(after, connection.transport.abort)
        return
    if connection is None:
        raise ServiceUnavailable("a fault of the test (disconnected)")
    connection.transport.abort()
    for _ in range(TURNS):
        await asyncio.sleep(0)
    raise ClientGone


class OpenWatches:
    """The connections over which watches go on."""

    def __init__(self) -> None:
        self._open: list[tuple[SeenRequest, Transport]] = []

    def add(self, request: SeenRequest) -> None:
        connection = ASKED_OVER.get()
        if connection is not None:
            self._open = [(asked, over) for asked, over in self._open if not over.is_closing()]
            self._open.append((request, connection.transport))

    def abort(self, pattern: dict[str, str]) -> int:
        """Break those off that fit. Returns how many connections that were."""
        found = {over for request, over in self._open if fits(request, pattern) and not over.is_closing()}
        for connection in found:
            connection.abort()
        return len(found)


class Traffic:
    """The authorizer. One per cluster."""

    order = -1_000_000

    def __init__(self) -> None:
        self.requests = SeenRequests()
        self.faults = Faults()
        self.watches = OpenWatches()

    async def authorize(self, attributes: Attributes) -> Decision:
        request = SeenRequest(
            verb=attributes.verb,
            resource=attributes.resource,
            subresource=attributes.subresource,
            group=attributes.group,
            namespace=attributes.namespace,
            name=attributes.name,
            path="" if attributes.is_resource else attributes.path,
            user=attributes.user.name,
        )
        self.requests.add(request)
        if request.verb == "watch":
            self.watches.add(request)
        await self.faults.meet(request)
        return Decision("no-opinion")


def fits(request: SeenRequest, pattern: dict[str, str]) -> bool:
    return all(fnmatchcase(getattr(request, name), value) for name, value in pattern.items())


def check_pattern(pattern: dict[str, str]) -> None:
    """Raises `TypeError` for what no request has."""
    if unknown := set(pattern) - {field.name for field in attrs.fields(SeenRequest)}:
        raise TypeError(f"a request has no {', '.join(sorted(unknown))}")
