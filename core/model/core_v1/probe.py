"""Probes and lifecycle hooks: what is run or asked, and how often."""

from __future__ import annotations

from sampan.core.model.core_v1.signals import SIGNALS
from sampan.core.model.meta import IntOrString, model, wire


@model
class HTTPHeader:
    """A header of a probe's request."""

    name: str = wire(required=True, emit="always")
    value: str = wire(default="", required=True, emit="always")


@model
class ExecAction:
    """Run a command in the container; exit code 0 is success."""

    command: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class HTTPGetAction:
    """GET a path of the container; any code from 200 to 399 is success."""

    path: str | None = wire(default=None, api_default="/")
    port: IntOrString = wire(required=True, emit="always")
    host: str | None = None
    scheme: str | None = wire(default=None, api_default="HTTP", enum=("HTTP", "HTTPS"))
    http_headers: tuple[HTTPHeader, ...] = wire(default=(), list_type="atomic")


@model
class TCPSocketAction:
    """Open a connection to the container."""

    port: IntOrString = wire(required=True, emit="always")
    host: str | None = None


@model
class GRPCAction:
    """Ask the container's gRPC health service."""

    port: int = wire(required=True, emit="always", format="int32")
    service: str | None = wire(default=None, keep_zero=True, api_default="")


@model
class SleepAction:
    """Do nothing for some seconds."""

    seconds: int = wire(required=True, emit="always", format="int64")


@model
class Probe:
    """A periodic check of a container. All durations are in seconds."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    grpc: GRPCAction | None = None
    initial_delay_seconds: int = wire(default=0, format="int32")
    timeout_seconds: int = wire(default=0, api_default=1, format="int32")
    period_seconds: int = wire(default=0, api_default=10, format="int32")
    success_threshold: int = wire(default=0, api_default=1, format="int32")
    failure_threshold: int = wire(default=0, api_default=3, format="int32")
    termination_grace_period_seconds: int | None = wire(default=None, format="int64")


@model
class LifecycleHandler:
    """What a lifecycle hook does: exactly one of these."""

    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    tcp_socket: TCPSocketAction | None = None
    sleep: SleepAction | None = None


@model
class Lifecycle:
    """What is done after a container's start and before its stop."""

    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str | None = wire(default=None, keep_zero=True, enum=SIGNALS)
