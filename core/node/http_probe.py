"""One GET of a probe or hook, as the kubelet makes it: who answers is not asked, where it sends us is followed. Blocking.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from sampan.core.classes import frozen
from sampan.core.model.core_v1.probe import HTTPGetAction, HTTPHeader

LONGEST_BODY = 10 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REQUESTS = 10
"""Of one try, redirects included."""
LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
PATH_SAFE = "/!$&'()*+,;=:@~[]"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x1f\x7f]")

Headers = tuple[tuple[str, str], ...]


class NoPage(Exception):
    """Nobody answered: why, in the words of Kubernetes' event."""


@frozen
class Page:
    """An HTTP server's answer."""

    status: int
    body: str
    location: str
    """Where it sends the client; empty: nowhere."""


def get(action: HTTPGetAction, host: str, port: int, agent: str, timeout: float) -> Page:
    """The page that the last of the redirects leads to. ``timeout`` in seconds, for all of it; 0 is none.

    Redirects are followed as long as they stay with the host that was asked first (whatever its port); one that leads
    elsewhere is the answer. Raises `NoPage`, and `ValueError` for what cannot be asked.
    """
    headers = request_headers(action.http_headers, agent)
    deadline = time.monotonic() + timeout if timeout else None
    where = f"[{host}]" if ":" in host else host
    url = f"{(action.scheme or 'HTTP').lower()}://{where}:{port}{request_target(action.path or '/')}"
    for _ in range(MOST_REQUESTS):
        parts = urlsplit(url)
        try:
            page = _fetch(parts, headers, deadline)
        except TimeoutError as exc:
            raise NoPage(f'Get "{url}": {LATE}') from exc
        except (OSError, http.client.HTTPException) as exc:
            raise NoPage(f'Get "{url}": {in_go_words(exc, parts.hostname or "", _port(parts))}') from exc
        following = urljoin(url, page.location)
        if not page.location or (urlsplit(following).hostname or "") != (parts.hostname or ""):
            return page
        if urlsplit(page.location).netloc:
            headers = tuple(each for each in headers if each[0].lower() != "host")
        url = following
    raise NoPage(f'Get "{url}": stopped after {MOST_REQUESTS} redirects')


def request_headers(wanted: Iterable[HTTPHeader], agent: str) -> Headers:
    """All that are asked for, repeated ones too; an empty Accept leaves ours out."""
    named = tuple((each.name, each.value) for each in wanted)
    names = {name.lower() for name, _ in named}
    ours = {"User-Agent": agent, "Accept": "*/*"}
    kept = tuple((name, value) for name, value in named if value or name.lower() not in ("accept", "user-agent"))
    return (*((name, value) for name, value in ours.items() if name.lower() not in names), *kept)


def request_target(path: str) -> str:
    """A path and query as they go on the wire: what needs escaping is escaped, what is no URL is all path."""
    if _BAD_ESCAPE.search(path):
        target = quote(path, safe=PATH_SAFE)
    else:
        parts = urlsplit(path)
        query = f"?{quote(parts.query, safe=PATH_SAFE + '%?')}" if parts.query else ""
        target = quote(parts.path, safe=PATH_SAFE + "%") + query
    return target if target.startswith("/") else f"/{target}"


def in_go_words(exc: Exception, host: str, port: int) -> str:
    match exc:
        case TimeoutError():
            return f"dial tcp {host}:{port}: i/o timeout"
        case http.client.RemoteDisconnected() | http.client.BadStatusLine():
            return "EOF"
        case OSError() if exc.strerror:
            return f"dial tcp {host}:{port}: connect: {exc.strerror.lower()}"
    return str(exc)


def _fetch(parts: SplitResult, headers: Headers, deadline: float | None) -> Page:
    connection = _connection(parts, None if deadline is None else _left(deadline))
    connection.connect()
    with connection.sock as plain:
        connection.sock = DeadlineSocket(plain, deadline)
        asks_for_host = any(name.lower() == "host" for name, _ in headers)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.putrequest("GET", target, skip_host=asks_for_host, skip_accept_encoding=True)
        for name, value in (*headers, ("Connection", "close")):
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read(LONGEST_BODY).decode(errors="replace")
    location = answer.getheader("Location", "") if answer.status in REDIRECTS else ""
    return Page(answer.status, body, location)


def _left(deadline: float) -> float:
    """Seconds. Raises `TimeoutError` where none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class DeadlineReader(io.RawIOBase):
    """Reads what all together must have come by ``deadline``: a server that sends a byte a second wins no time."""

    def __init__(self, connection: socket.socket, deadline: float | None) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(None if self._deadline is None else _left(self._deadline))
        return self._connection.recv_into(buffer)


@frozen
class DeadlineSocket:
    """As much of a socket as `http.client` uses. It is closed by whoever made it."""

    connection: socket.socket
    deadline: float | None

    def sendall(self, data: Any) -> None:
        self.connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(DeadlineReader(self.connection, self.deadline))

    def close(self) -> None:
        """The answer's reader goes on."""


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connection(parts: SplitResult, timeout: float | None) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", _port(parts)
    if parts.scheme == "https":
        # As in Kubernetes: a probe asks whether somebody answers, not who.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    raise ValueError(f'unsupported protocol scheme "{parts.scheme}"')
