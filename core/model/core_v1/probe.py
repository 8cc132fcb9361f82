"""Probes and lifecycle hooks: what is run or asked, and how often."""

from __future__ import annotations

from sampan.core.model.core_v1.signals import SIGNALS
from sampan.core.model.meta import IntOrString, model, wire


@model
class HTTPHeader:
    """A header of a probe's request."""

    name: str = wire(required=True, emit="always")
    """The header's name."""
    value: str = wire(default="", required=True, emit="always")
    """The header's value."""


@model
class ExecAction:
    """Run a command in the container; exit code 0 is success."""

    command: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The command and its arguments, run in the container's root directory and without a shell.
    Call a shell for pipes and the like.
    """


@model
class HTTPGetAction:
    """GET a path of the container; any code from 200 to 399 is success."""

    path: str | None = wire(default=None, api_default="/")
    """The path to ask for. Defaults to ``/``."""
    port: IntOrString = wire(required=True, emit="always")
    """The port's number, 1 to 65535, or its name in the container."""
    host: str | None = None
    """The host to connect to. Defaults to the pod's address; to send another name, set the header ``Host``."""
    scheme: str | None = wire(default=None, api_default="HTTP", enum=("HTTP", "HTTPS"))
    """How to connect. Certificates are not checked. Defaults to ``HTTP``."""
    http_headers: tuple[HTTPHeader, ...] = wire(default=(), list_type="atomic")
    """Headers of the request. The same name may come several times."""


@model
class TCPSocketAction:
    """Open a connection to the container."""

    port: IntOrString = wire(required=True, emit="always")
    """The port's number, 1 to 65535, or its name in the container."""
    host: str | None = None
    """The host to connect to. Defaults to the pod's address."""


@model
class GRPCAction:
    """Ask the container's gRPC health service."""

    port: int = wire(required=True, emit="always", format="int32")
    """The port's number, 1 to 65535."""
    service: str | None = wire(default=None, keep_zero=True, api_default="")
    """The service name to ask about. Defaults to the empty name, which means the whole server."""


@model
class SleepAction:
    """Do nothing for some seconds."""

    seconds: int = wire(required=True, emit="always", format="int64")
    """How many seconds to wait: at most the pod's grace period."""


@model
class Probe:
    """A periodic check of a container. All durations are in seconds."""

    exec: ExecAction | None = None
    """Run a command in the container."""
    http_get: HTTPGetAction | None = None
    """Send an HTTP request."""
    tcp_socket: TCPSocketAction | None = None
    """Open a TCP connection."""
    grpc: GRPCAction | None = None
    """Ask the gRPC health service."""
    initial_delay_seconds: int = wire(default=0, format="int32")
    """Seconds from the container's start to the first check. Defaults to 0."""
    timeout_seconds: int = wire(default=0, api_default=1, format="int32")
    """Seconds that a check may take before it counts as failed. Defaults to 1, the least."""
    period_seconds: int = wire(default=0, api_default=10, format="int32")
    """Seconds from one check to the next. Defaults to 10; at least 1."""
    success_threshold: int = wire(default=0, api_default=1, format="int32")
    """How many checks in a row must succeed after a failure.
    Defaults to 1, and nothing else is allowed for liveness and startup.
    """
    failure_threshold: int = wire(default=0, api_default=3, format="int32")
    """How many checks in a row must fail before the probe counts as failed. Defaults to 3; at least 1."""
    termination_grace_period_seconds: int | None = wire(default=None, format="int64")
    """Seconds that a container has to stop when this probe fails, instead of the pod's own. At least 1;
    not for readiness.
    """


@model
class LifecycleHandler:
    """What a lifecycle hook does: exactly one of these."""

    exec: ExecAction | None = None
    """Run a command in the container."""
    http_get: HTTPGetAction | None = None
    """Send an HTTP request."""
    tcp_socket: TCPSocketAction | None = None
    """Deprecated and without effect: the hook fails when it is run."""
    sleep: SleepAction | None = None
    """Wait for some seconds."""


@model
class Lifecycle:
    """What is done after a container's start and before its stop."""

    post_start: LifecycleHandler | None = None
    """Done right after the container's start, beside its command. If it fails, the container is killed."""
    pre_stop: LifecycleHandler | None = None
    """Done before the stop signal is sent, within the pod's grace period. Not when the container ends by itself."""
    stop_signal: str | None = wire(default=None, keep_zero=True, enum=SIGNALS)
    """The signal that stops the container, instead of the image's. Needs ``spec.os.name``."""
