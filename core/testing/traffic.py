"""The requests that reach a cluster during a test, as objects, and faults that meet those of a pattern.

It is an authorizer that has no opinion, asked before all others: so it sees what comes over HTTPS and what controllers ask
in-process, each with its user, and can refuse or delay it before anything is done. On the API server's loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import attrs

from sampan.core.contracts.access import Attributes, Decision
from sampan.core.errors import ApiError, Conflict, InternalError, NotFound, ServiceUnavailable, TooManyRequests

ERRORS: dict[int, type[ApiError]] = {
    404: NotFound,
    409: Conflict,
    429: TooManyRequests,
    500: InternalError,
    503: ServiceUnavailable,
}


@attrs.frozen(kw_only=True)
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
        """Those whose attributes are as given: ``where(verb="patch", resource="pods")``."""
        return [request for request in self if fits(request, pattern)]

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()

    def add(self, request: SeenRequest) -> None:
        with self._lock:
            self._seen.append(request)


@attrs.define(eq=False)
class Fault:
    """What meets requests of a pattern. ``times``: how many are left; ``None`` is all."""

    pattern: dict[str, str]
    error: ApiError | None
    delay: float
    times: int | None
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
        self, *, error: int | ApiError | None = None, delay: float = 0.0, times: int | None = None, **pattern: str
    ) -> Fault:
        """Have requests of a pattern (attributes of `SeenRequest`) refused, or made to wait ``delay`` seconds.

        ``error``: a status code (404, 409, 429, 500, 503), or an error of `sampan.core.errors`. ``times``: only so often.
        """
        if unknown := set(pattern) - {field.name for field in attrs.fields(SeenRequest)}:
            raise TypeError(f"a request has no {', '.join(sorted(unknown))}")
        made = ERRORS[error](f"a fault of the test ({error})") if isinstance(error, int) else error
        fault = Fault(pattern, made, delay, times)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        self._faults.clear()

    async def meet(self, request: SeenRequest) -> None:
        """Raises the fault's error."""
        for fault in tuple(self._faults):
            if fault.times == 0 or not fits(request, fault.pattern):
                continue
            fault.met += 1
            if fault.times is not None:
                fault.times -= 1
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.error is not None:
                raise fault.error


class Traffic:
    """The authorizer. One per cluster."""

    order = -1_000_000

    def __init__(self) -> None:
        self.requests = SeenRequests()
        self.faults = Faults()

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
        await self.faults.meet(request)
        return Decision("no-opinion")


def fits(request: Any, pattern: dict[str, str]) -> bool:
    return all(getattr(request, name) == value for name, value in pattern.items())
