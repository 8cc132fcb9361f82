"""One call of a container's gRPC health service, over HTTP/2 without TLS. Blocking.

The service and its two messages, of one field each: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.
"""

from __future__ import annotations

import socket
import time
from urllib.parse import unquote

import attrs

from sampan.core.classes import define
from sampan.core.errors import BadRequest
from sampan.core.protobuf import text, values

SERVING = 1
STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
UNIMPLEMENTED = "12"
CODES = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
    "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
    "DataLoss", "Unauthenticated",
)  # fmt: skip
LONGEST_ANSWER = 64 * 1024
CHUNK = 16 * 1024


class Unhealthy(Exception):
    """The service does not serve: why, in the words of Kubernetes' event."""


@define
class Reply:
    """What has come of an answer."""

    status: str = ""
    """The gRPC status code, a number."""
    words: str = ""
    body: bytearray = attrs.field(factory=bytearray)
    ended: bool = False


def check(host: str, port: int, service: str, agent: str, timeout: float) -> None:
    """Returns where the service says that it serves. ``timeout`` in seconds, for all of it. Raises `Unhealthy`."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    deadline = time.monotonic() + timeout
    try:
        connection = socket.create_connection((host, port), timeout=timeout)
    except TimeoutError as exc:
        said = f'timeout: failed to connect service "{address}" within {timeout:g}s: context deadline exceeded'
        raise Unhealthy(said) from exc
    except OSError as exc:
        why = f"dial tcp {address}: connect: {(exc.strerror or str(exc)).lower()}"
        raise Unhealthy(f'error: failed to connect service at "{address}": {why}') from exc
    with connection:
        try:
            reply = _call(connection, address, service, agent, deadline)
        except TimeoutError as exc:
            raise Unhealthy(f"timeout: health rpc did not complete within {timeout:g}s") from exc
        except OSError as exc:
            raise Unhealthy(f"error: health rpc probe failed: {exc.strerror or exc}") from exc
    _judge(reply)


def _judge(reply: Reply) -> None:
    if reply.status == UNIMPLEMENTED:
        said = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        raise Unhealthy(f"{said}: {reply.words}")
    if reply.status != "0":
        code = int(reply.status) if reply.status.isdigit() else 2
        name = CODES[code] if code < len(CODES) else f"Code({code})"
        raise Unhealthy(f"error: health rpc probe failed: rpc error: code = {name} desc = {reply.words}")
    state = state_of(bytes(reply.body[5:]))  # behind the flag of compression and the message's length
    if state != SERVING:
        raise Unhealthy(f'service unhealthy (responded with "{STATES.get(state, state)}")')


def _call(connection: socket.socket, address: str, service: str, agent: str, deadline: float) -> Reply:
    """Raises `OSError`, `TimeoutError`, and `Unhealthy` for what is no HTTP/2."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.exceptions import ProtocolError

    message = health_request(service)
    session, reply = H2Connection(H2Configuration(header_encoding="utf-8")), Reply()
    session.initiate_connection()
    session.send_headers(1, [
        (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"), (":authority", address),
        ("content-type", "application/grpc"), ("user-agent", agent), ("te", "trailers"),
    ])  # fmt: skip
    session.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message, end_stream=True)
    connection.sendall(session.data_to_send())
    while not reply.ended:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        data = connection.recv(CHUNK)
        if not data:
            raise Unhealthy("error: health rpc probe failed: rpc error: code = Unavailable desc = EOF")
        try:
            for event in session.receive_data(data):
                _take(event, reply)
        except (ProtocolError, UnicodeDecodeError) as exc:
            said = f"rpc error: code = Unavailable desc = {exc}"
            raise Unhealthy(f"error: health rpc probe failed: {said}") from exc
        connection.sendall(session.data_to_send())
    return reply


def _take(event: object, reply: Reply) -> None:
    from h2 import events

    match event:
        case events.ResponseReceived() | events.TrailersReceived():
            headers = {str(name): str(value) for name, value in event.headers or ()}
            if "grpc-status" in headers:
                reply.status, reply.words = headers["grpc-status"], unquote(headers.get("grpc-message", ""))
            elif isinstance(event, events.ResponseReceived) and headers.get(":status") != "200":
                reply.words = f"unexpected HTTP status code received from server: {headers.get(':status')}"
        case events.DataReceived():
            reply.body += (event.data or b"")[: LONGEST_ANSWER - len(reply.body)]
        case events.StreamEnded() | events.StreamReset() | events.ConnectionTerminated():
            reply.ended = True


def health_request(service: str) -> bytes:
    """``HealthCheckRequest{service}``."""
    return text(1, service) if service else b""


def state_of(message: bytes) -> int:
    """``HealthCheckResponse.status``; what is no such message is of unknown state."""
    try:
        return next((int(value) for number, value in values(message) if number == 1 and isinstance(value, int)), 0)
    except BadRequest:
        return 0
