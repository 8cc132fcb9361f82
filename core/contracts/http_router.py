"""The contract of what takes HTTP requests from outside to pods: a table of routes in, the whole of it each time.

What Ingresses mean is decided by `sampan.core.services.ingresses` (pure), and which route a request takes by
`RouteTable.find`; a router carries it out. Nothing here knows a kind: other objects that describe routes can become the
same table.
"""

from __future__ import annotations

import posixpath
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

import attrs

from sampan.core.classes import frozen

NO_ROUTE, NO_ENDPOINTS = 404, 503
"""What is answered where no route fits, and where nobody is behind the one that does."""


@frozen(kw_only=True)
class Backend:
    """Who answers the requests of a route."""

    name: str
    """For people: ``default/web:80``."""
    endpoints: tuple[str, ...] = ()
    """``ADDRESS:PORT`` of a Service that has pods, or of every pod; none: `NO_ENDPOINTS` is answered."""
    sticky: bool = False
    """Requests of one client address go to the same endpoint, as long as that is there."""


@frozen(kw_only=True)
class Route:
    """Requests for one host and path."""

    host: str = ""
    """A name in lower case, or ``*.NAME`` for any one label before it; empty: any host."""
    path: str = "/"
    """As `plain_path` gives it, without a slash at the end of a prefix."""
    exact: bool = False
    """The path itself alone; otherwise also what lies below it, element by element."""
    local: bool = False
    """Only for who asks from this machine by its loopback address (127.0.0.0/8, ::1); others go on to the next route."""
    backend: Backend

    def fits(self, host: str, path: str) -> bool:
        """``host`` as `plain_host` gives it, ``path`` as `plain_path`."""
        if self.host.startswith("*."):
            label, _, rest = host.partition(".")
            if not label or rest != self.host[2:]:
                return False
        elif self.host and self.host != host:
            return False
        if self.exact or path == self.path:
            return path == self.path
        return path.startswith(self.path if self.path == "/" else f"{self.path}/")


@frozen(kw_only=True)
class Certificate:
    """What is shown to clients that ask for ``host`` (as a `Route` has it; empty: for any other, or for none)."""

    host: str
    certificate_pem: str
    """With what is between it and its authority."""
    key_pem: str = attrs.field(repr=False)


@frozen(kw_only=True)
class RouteTable:
    routes: tuple[Route, ...] = ()
    """In the order in which they are tried: the first that fits is taken."""
    certificates: tuple[Certificate, ...] = ()
    """One for each host. Every host is served both plainly and over TLS."""

    def find(self, host: str, path: str, *, local: bool = True) -> Route | None:
        """The route of a request with this ``Host`` header and this path, as they were sent, from this machine or not."""
        host, path = plain_host(host), plain_path(path)
        return next((each for each in self.routes if (local or not each.local) and each.fits(host, path)), None)


def plain_host(host: str) -> str:
    """A ``Host`` header's name, in lower case and without the port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdigit() or not port) else host).lower()


def plain_path(path: str) -> str:
    """What a path means: percent signs decoded, ``.``, ``..`` and repeated slashes resolved; a slash at the end stays.

    Routes and requests are compared in this form, so that no spelling of a path gets around a route.
    """
    path = unquote(path)
    plain = "/" + posixpath.normpath(f"/{path}").lstrip("/")
    return f"{plain}/" if path.endswith("/") and plain != "/" else plain


@frozen(kw_only=True)
class RouterSettings:
    cluster: str
    state_dir: Path
    """For the router alone: nobody else may enter it."""
    say: Callable[[str], None] = attrs.field(default=lambda _line: None)


class HttpRouter(Protocol):
    """Blocking, one call at a time. A router that is a program of its own is kept running until `close`."""

    def start(self, plain: Sequence[socket.socket], encrypted: Sequence[socket.socket], table: RouteTable) -> None:
        """Answer what comes to these listening sockets (HTTP, and HTTP over TLS), which stay the caller's to close.

        Raises `ConfigError` where that cannot be.
        """
        ...

    def load(self, table: RouteTable) -> None:
        """Let these routes count from now on, all at once; requests under way are answered as they would have been.

        Who connects in this moment and asks is answered, by the old table or the new one. Idle connections may be closed.

        Raises `SampanError`; then what was there counts on.
        """
        ...

    def close(self) -> None:
        """Stop answering. Idempotent."""
        ...

    def destroy(self) -> None:
        """End what a process that was killed has left running. Idempotent; works without `start`."""
        ...
