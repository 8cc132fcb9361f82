"""One try of a probe or hook: run a command in the container, ask over HTTP, open a connection. Blocking.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Protocol

import attrs

from sampan.core.contracts.runtime import Runtime
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.probe import ExecAction, HTTPGetAction, SleepAction, TCPSocketAction
from sampan.core.model.meta import IntOrString

USER_AGENT = "kube-probe/1.36"
LONGEST_OUTPUT = 10 * 1024


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
    host = action.host or target.ip
    port = resolve_port(action.port, target.container)
    scheme = (action.scheme or "HTTP").upper()
    path = action.path or "/"
    path = path if path.startswith("/") else f"/{path}"
    url = f"{scheme.lower()}://{host}:{port}{path}"
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Connection": "close"}
    headers |= {each.name: each.value for each in action.http_headers}
    connection = _connection(scheme, host, port, timeout)
    try:
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
    except TimeoutError:
        return Answer(False, f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)')
    except (OSError, http.client.HTTPException) as exc:
        return Answer(False, f'Get "{url}": {_in_go_words(exc, host, port)}')
    finally:
        connection.close()
    return Answer(200 <= status < 400, f"HTTP probe failed with statuscode: {status}")


def _connection(scheme: str, host: str, port: int, timeout: float) -> http.client.HTTPConnection:
    if scheme == "HTTPS":
        # As in Kubernetes: a probe asks whether somebody answers, not who.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=timeout or None, context=context)
    return http.client.HTTPConnection(host, port, timeout=timeout or None)


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
