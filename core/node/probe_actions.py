"""One try of a probe or hook: run a command in the container, ask over HTTP, open a connection. Blocking.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

import attrs

from sampan.core.contracts.runtime import Runtime
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.probe import ExecAction, HTTPGetAction, SleepAction, TCPSocketAction
from sampan.core.model.meta import IntOrString

USER_AGENT = "kube-probe/1.36"
LONGEST_OUTPUT = 10 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REQUESTS = 10
"""Of one try, redirects included."""


class Handler(Protocol):
    """What a `Probe` and a `LifecycleHandler` have in common."""

    @property
    def exec(self) -> ExecAction | None: ...
    @property
    def http_get(self) -> HTTPGetAction | None: ...
    @property
    def tcp_socket(self) -> TCPSocketAction | None: ...


@attrs.frozen
class Answer:
    success: bool
    message: str = ""
    warning: bool = False
    """A success of which the message should be told."""


@attrs.frozen(kw_only=True)
class Target:
    """The container that is asked."""

    runtime: Runtime
    container: Container
    container_id: str
    ip: str
    """The pod's address as this host reaches it."""


def ask(handler: Handler, target: Target, timeout: float) -> Answer:
    """Never raises. ``timeout`` in seconds; 0 is none."""
    try:
        if not target.runtime.capabilities().real_processes:
            # Simulated pods answer every sort of probe by their annotations.
            return _run(target, ("probe",), timeout)
        if handler.exec is not None:
            return _run(target, handler.exec.command, timeout)
        if handler.http_get is not None:
            return _get(handler.http_get, target, timeout)
        if handler.tcp_socket is not None:
            return _connect(handler.tcp_socket, target, timeout)
    except (SampanError, ValueError) as exc:
        return Answer(False, str(exc))
    return Answer(False, "the probe names no handler that is supported (exec, httpGet, tcpSocket)")


def sleep_for(action: SleepAction, longest: float) -> None:
    """A hook's ``sleep``."""
    threading.Event().wait(min(action.seconds, longest))


def _run(target: Target, command: Sequence[str], timeout: float) -> Answer:
    try:
        result = target.runtime.exec_sync(target.container_id, command, timeout)
    except TimeoutError:
        return Answer(False, f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s')
    output = (result.stdout + result.stderr)[:LONGEST_OUTPUT].decode(errors="replace")
    return Answer(result.exit_code == 0, output)


def _get(action: HTTPGetAction, target: Target, timeout: float) -> Answer:
    """Redirects are followed as long as they stay with the host that was asked first (whatever its port)."""
    host = action.host or target.ip
    path = action.path or "/"
    path = path if path.startswith("/") else f"/{path}"
    port = resolve_port(action.port, target.container)
    url = f"{(action.scheme or 'HTTP').lower()}://{f'[{host}]' if ':' in host else host}:{port}{path}"
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
    headers |= {each.name: each.value for each in action.http_headers}
    deadline = time.monotonic() + timeout if timeout else None
    for _ in range(MOST_REQUESTS):
        parts = urlsplit(url)
        try:
            page = _fetch(parts, headers, deadline)
        except TimeoutError:
            words = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            return Answer(False, f'Get "{url}": {words}')
        except (OSError, http.client.HTTPException) as exc:
            return Answer(False, f'Get "{url}": {_in_go_words(exc, parts.hostname or "", _port(parts))}')
        following = urljoin(url, page.location)
        if not page.location or (urlsplit(following).hostname or "") != (parts.hostname or ""):
            return _verdict(page)
        if urlsplit(page.location).netloc:
            headers = {name: value for name, value in headers.items() if name.lower() != "host"}
        url = following
    return Answer(False, f'Get "{url}": stopped after {MOST_REQUESTS} redirects')


@attrs.frozen
class Page:
    """An HTTP server's answer."""

    status: int
    body: str
    location: str
    """Where it sends the client; empty: nowhere."""


def _fetch(parts: SplitResult, headers: Mapping[str, str], deadline: float | None) -> Page:
    timeout = None
    if deadline is not None and (timeout := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    connection = _connection(parts.scheme, parts.hostname or "", _port(parts), timeout)
    try:
        connection.request(
            "GET", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", headers=dict(headers)
        )
        answer = connection.getresponse()
        body = answer.read(LONGEST_OUTPUT).decode(errors="replace")
    finally:
        connection.close()
    location = answer.getheader("Location", "") if answer.status in REDIRECTS else ""
    return Page(answer.status, body, location)


def _verdict(page: Page) -> Answer:
    if 200 <= page.status < 300:
        return Answer(True)
    if 300 <= page.status < 400:
        return Answer(True, f"Probe terminated redirects, Response body: {page.body}", warning=True)
    return Answer(False, f"HTTP probe failed with statuscode: {page.status}")


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _connection(scheme: str, host: str, port: int, timeout: float | None) -> http.client.HTTPConnection:
    if scheme == "https":
        # As in Kubernetes: a probe asks whether somebody answers, not who.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    raise ValueError(f'unsupported protocol scheme "{scheme}"')


def _connect(action: TCPSocketAction, target: Target, timeout: float) -> Answer:
    host, port = action.host or target.ip, resolve_port(action.port, target.container)
    try:
        socket.create_connection((host, port), timeout=timeout or None).close()
    except OSError as exc:
        return Answer(False, _in_go_words(exc, host, port))
    return Answer(True)


def resolve_port(port: IntOrString, container: Container) -> int:
    """A number, or the name of one of the container's ports. Raises `ValueError`."""
    if isinstance(port, int):
        return port
    for each in container.ports:
        if each.name == port:
            return each.container_port
    if port.isdigit():
        return int(port)
    raise ValueError(f"couldn't find port: {port} in container {container.name}")


def _in_go_words(exc: Exception, host: str, port: int) -> str:
    match exc:
        case TimeoutError():
            return f"dial tcp {host}:{port}: i/o timeout"
        case http.client.RemoteDisconnected() | http.client.BadStatusLine():
            return "EOF"
        case OSError() if exc.strerror:
            return f"dial tcp {host}:{port}: connect: {exc.strerror.lower()}"
    return str(exc)
