"""One try of a probe or hook: run a command in the container, ask over HTTP or gRPC, open a connection. Blocking.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Runtime
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.probe import (
    GRPCAction,
    HTTPGetAction,
    LifecycleHandler,
    Probe,
    SleepAction,
    TCPSocketAction,
)
from sampan.core.model.meta import IntOrString
from sampan.core.node import grpc_probe, http_probe
from sampan.core.node.config.expansion import expand

USER_AGENT = "kube-probe/1.36"
LONGEST_OUTPUT = 10 * 1024


@frozen
class Answer:
    success: bool
    message: str = ""
    warning: bool = False
    """A success of which the message should be told."""
    answered: bool = False
    """Somebody was there and answered, whatever it was."""


@frozen(kw_only=True)
class Target:
    """The container that is asked."""

    runtime: Runtime
    container: Container
    container_id: str
    ip: str
    """The pod's address as this host reaches it."""


def ask(handler: Probe | LifecycleHandler, target: Target, timeout: float) -> Answer:
    """Never raises. ``timeout`` in seconds; 0 is none."""
    try:
        if not target.runtime.capabilities().real_processes:
            # Simulated pods answer every sort of probe by their annotations.
            return _run(target, ("probe",), timeout)
        if handler.exec is not None:
            command = handler.exec.command
            return _run(
                target, command if isinstance(handler, LifecycleHandler) else _expanded(command, target), timeout
            )
        if handler.http_get is not None:
            answer = _get(handler.http_get, target, timeout)
            # A hook only tells: what it is answered is no matter.
            return Answer(True) if isinstance(handler, LifecycleHandler) and answer.answered else answer
        if isinstance(handler, LifecycleHandler):
            return Answer(False, "invalid handler: a hook is of exec, httpGet or sleep")
        if handler.tcp_socket is not None:
            return _connect(handler.tcp_socket, target, timeout)
        if handler.grpc is not None:
            return _call(handler.grpc, target, timeout)
    except (SampanError, ValueError) as exc:
        return Answer(False, str(exc))
    return Answer(False, "missing probe handler")


def _expanded(command: Sequence[str], target: Target) -> tuple[str, ...]:
    """``$(NAME)`` in a probe's command stands for what the spec itself says of a variable; others are empty."""
    static = {each.name: each.value or "" for each in target.container.env}
    return tuple(expand(each, static) for each in command)


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
    port = resolve_port(action.port, target.container)
    try:
        page = http_probe.get(action, action.host or target.ip, port, USER_AGENT, timeout)
    except http_probe.NoPage as exc:
        return Answer(False, str(exc))
    if 200 <= page.status < 300:
        return Answer(True, answered=True)
    if 300 <= page.status < 400:
        return Answer(True, f"Probe terminated redirects, Response body: {page.body}", warning=True, answered=True)
    return Answer(False, f"HTTP probe failed with statuscode: {page.status}", answered=True)


def _call(action: GRPCAction, target: Target, timeout: float) -> Answer:
    try:
        grpc_probe.check(target.ip, action.port, action.service or "", USER_AGENT, timeout)
    except grpc_probe.Unhealthy as exc:
        return Answer(False, str(exc))
    return Answer(True, "service healthy")


def _connect(action: TCPSocketAction, target: Target, timeout: float) -> Answer:
    host, port = action.host or target.ip, resolve_port(action.port, target.container)
    try:
        socket.create_connection((host, port), timeout=timeout or None).close()
    except OSError as exc:
        return Answer(False, http_probe.in_go_words(exc, host, port))
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
