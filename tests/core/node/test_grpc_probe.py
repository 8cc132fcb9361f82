"""A gRPC health probe, against a real HTTP/2 server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived

from sampan.core.contracts.runtime import Capabilities
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.probe import GRPCAction, Probe
from sampan.core.node.probe_actions import Answer, Target, ask

Answers = Mapping[bytes, tuple[bytes, str, str]]
"""Request message → response message, gRPC status and its words."""
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
SERVER: Answers = {
    b"": (SERVING, "0", ""),
    b"\n\x05ready": (SERVING, "0", ""),
    b"\n\x04busy": (NOT_SERVING, "0", ""),
    b"\n\x06silent": (b"", "0", ""),
    b"\n\x07unknown": (b"", "5", "unknown service"),
    b"\n\x03old": (b"", "12", "unknown service grpc.health.v1.Health%21"),
}


class Real:
    def capabilities(self) -> Capabilities:
        return Capabilities()


def speak(client: socket.socket) -> None:
    """Answer one call."""
    session = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    session.initiate_connection()
    client.sendall(session.data_to_send())
    while data := client.recv(4096):
        for event in session.receive_data(data):
            if isinstance(event, RequestReceived):
                headers = {str(name): value for name, value in event.headers}
                assert str(headers[":path"]) == "/grpc.health.v1.Health/Check"
                assert str(headers["content-type"]) == "application/grpc"
            if isinstance(event, DataReceived) and event.data:
                message, status, words = SERVER[bytes(event.data[5:])]
                trailers = [("grpc-status", status), ("grpc-message", words)]
                head = [(":status", "200"), ("content-type", "application/grpc")]
                if status == "0":
                    session.send_headers(1, head)
                    session.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message)
                    session.send_headers(1, trailers, end_stream=True)
                else:
                    session.send_headers(1, head + trailers, end_stream=True)
        client.sendall(session.data_to_send())


def be_silent(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def speak_http1(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                answer(client)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def probed(port: int, service: str | None = None, timeout: float = 5) -> Answer:
    target = Target(runtime=Real(), container=Container(name="main"), container_id="c", ip="127.0.0.1")  # type: ignore[arg-type]
    return ask(Probe(grpc=GRPCAction(port=port, service=service)), target, timeout)


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        (None, Answer(True, "service healthy")),
        ("ready", Answer(True, "service healthy")),
        ("busy", Answer(False, 'service unhealthy (responded with "NOT_SERVING")')),
        ("silent", Answer(False, 'service unhealthy (responded with "UNKNOWN")')),
        (
            "unknown",
            Answer(False, "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"),
        ),
        (
            "old",
            Answer(
                False,
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                "unknown service grpc.health.v1.Health!",
            ),
        ),
    ],
)
def test_the_service_says_whether_it_serves(service: str | None, answer: Answer) -> None:
    with serving(speak) as port:
        assert probed(port, service) == answer


def test_a_server_that_does_not_answer_has_the_probes_time() -> None:
    with serving(be_silent) as port:
        assert probed(port, timeout=0.1) == Answer(False, "timeout: health rpc did not complete within 0.1s")


def test_a_server_of_another_protocol_is_a_failure_in_one_sentence() -> None:
    with serving(speak_http1) as port:
        answer = probed(port)
    assert not answer.success
    assert answer.message.startswith("error: health rpc probe failed: ")


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    why = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
    assert probed(port) == Answer(False, f'error: failed to connect service at "127.0.0.1:{port}": {why}')
