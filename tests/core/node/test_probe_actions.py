"""One try of a probe, against real sockets."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import attrs
import pytest

from sampan.core.contracts.runtime import Capabilities, ExecResult, RuntimeFailure
from sampan.core.model.core_v1.container import Container, ContainerPort
from sampan.core.model.core_v1.environment import EnvVar, EnvVarSource
from sampan.core.model.core_v1.probe import (
    ExecAction,
    HTTPGetAction,
    HTTPHeader,
    LifecycleHandler,
    Probe,
    TCPSocketAction,
)
from sampan.core.node.http_probe import request_headers, request_target
from sampan.core.node.probe_actions import USER_AGENT, Answer, Target, ask


class Page(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names, or with what it was asked; or sends its client elsewhere."""

    ELSEWHERE: ClassVar = {
        "/moved": "/200?to=here", "/away": "http://192.0.2.1/200", "/gone": "/404", "/round": "/round",
    }  # fmt: skip

    def do_GET(self) -> None:
        path, _, _ = self.path.partition("?")
        number = path.strip("/")
        if path in self.ELSEWHERE:
            self.send_response(302)
            self.send_header("Location", self.ELSEWHERE[path])
        else:
            self.send_response(int(number) if number.isdigit() else 200 if self.headers["X-Boat"] == "sampan" else 400)
        self.end_headers()
        self.wfile.write(b"page")
        assert self.headers["User-Agent"] == USER_AGENT

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Shell:
    """A runtime that only knows how to run a command, badly."""

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float) -> ExecResult:
        match command[0]:
            case "good":
                return ExecResult(exit_code=0, stdout=b"fine\n", stderr=b"")
            case "bad":
                return ExecResult(exit_code=3, stdout=b"out\n", stderr=b"err\n")
            case "slow":
                raise TimeoutError
        raise RuntimeFailure("no such program")


def target(port: int = 0) -> Target:
    ports = (ContainerPort(name="web", container_port=port or 1),)
    container = Container(name="main", ports=ports)
    return Target(runtime=Shell(), container=container, container_id="c", ip="127.0.0.1")  # type: ignore[arg-type]


FAILED = "HTTP probe failed with statuscode: 404"
ENDED = "Probe terminated redirects, Response body: page"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/200", Answer(True, answered=True)),
        ("299", Answer(True, answered=True)),
        ("/404", Answer(False, FAILED, answered=True)),
        ("/moved", Answer(True, answered=True)),
        ("/gone", Answer(False, FAILED, answered=True)),
        ("/away", Answer(True, ENDED, warning=True, answered=True)),
        ("/302", Answer(True, ENDED, warning=True, answered=True)),
        ("/399", Answer(True, ENDED, warning=True, answered=True)),
    ],
)
def test_redirects_are_followed_on_the_same_host_and_any_status_from_200_to_399_is_success(
    port: int, path: str, answer: Answer
) -> None:
    assert ask(Probe(http_get=HTTPGetAction(path=path, port=port)), target(), 5) == answer


def test_redirects_that_lead_nowhere_are_a_failure(port: int) -> None:
    answer = ask(Probe(http_get=HTTPGetAction(path="/round", port=port)), target(), 5)
    assert answer == Answer(False, f'Get "http://127.0.0.1:{port}/round": stopped after 10 redirects')


def test_a_port_may_be_named_and_headers_are_sent(port: int) -> None:
    headers = (HTTPHeader(name="X-Boat", value="sampan"),)
    assert ask(Probe(http_get=HTTPGetAction(port="web", http_headers=headers)), target(port), 5).success
    unknown = ask(Probe(http_get=HTTPGetAction(port="ftp")), target(port), 5)
    assert unknown == Answer(False, "couldn't find port: ftp in container main")


def test_a_port_that_refuses_is_said_in_gos_words(closed_port: int) -> None:
    words = f"dial tcp 127.0.0.1:{closed_port}: connect: connection refused"
    assert ask(Probe(tcp_socket=TCPSocketAction(port=closed_port)), target(), 5) == Answer(False, words)
    asked = ask(Probe(http_get=HTTPGetAction(path="/x", port=closed_port)), target(), 5)
    assert asked == Answer(False, f'Get "http://127.0.0.1:{closed_port}/x": {words}')


def test_an_open_port_is_enough(port: int) -> None:
    assert ask(Probe(tcp_socket=TCPSocketAction(port=port)), target(), 5).success


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("good",), Answer(True, "fine\n")),
        (("bad",), Answer(False, "out\nerr\n")),
        (("slow", "x"), Answer(False, 'command timed out: "slow x" timed out after 2s')),
        (("none",), Answer(False, "no such program")),
    ],
)
def test_a_command_succeeds_with_exit_code_zero(command: tuple[str, ...], answer: Answer) -> None:
    assert ask(Probe(exec=ExecAction(command=command)), target(), 2) == answer


def test_a_commands_references_are_what_the_spec_says_of_them() -> None:
    env = (EnvVar(name="WORD", value="good"), EnvVar(name="LATER", value_from=EnvVarSource()))
    asked = attrs.evolve(target(), container=Container(name="main", env=env))
    assert ask(Probe(exec=ExecAction(command=("$(WORD)", "$(LATER)"))), asked, 2).success
    assert not ask(LifecycleHandler(exec=ExecAction(command=("$(WORD)",))), asked, 2).success


def test_a_hook_is_content_with_any_answer_and_a_probe_is_not(port: int, closed_port: int) -> None:
    assert ask(LifecycleHandler(http_get=HTTPGetAction(path="/404", port=port)), target(), 5).success
    assert not ask(LifecycleHandler(http_get=HTTPGetAction(path="/404", port=closed_port)), target(), 5).success
    assert not ask(LifecycleHandler(tcp_socket=TCPSocketAction(port=port)), target(), 5).success


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("healthz", "/healthz"),
        ("/a b?c=d e", "/a%20b?c=d%20e"),
        ("/ä%C3%A4/%2F?q=%20#part", "/%C3%A4%C3%A4/%2F?q=%20"),
        ("/100%?x", "/100%25%3Fx"),
        ("http://elsewhere/page", "/page"),
        ("/two\r\nHost: other", "/two%0D%0AHost:%20other"),
    ],
)
def test_any_path_can_be_asked_for(path: str, sent: str) -> None:
    assert request_target(path) == sent


def test_headers_may_be_repeated_and_an_empty_accept_leaves_ours_out() -> None:
    wanted = tuple(HTTPHeader(name=name, value=value) for name, value in (("X", "1"), ("X", "2"), ("accept", "")))
    assert request_headers(wanted, "me") == (("User-Agent", "me"), ("X", "1"), ("X", "2"))
    assert request_headers((HTTPHeader(name="accept", value="text/*"),), "me")[1] == ("accept", "text/*")


def test_a_server_that_drips_its_answer_wins_no_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def drip() -> None:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not ended.wait(0.02):
                    client.sendall(b".")

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        answer = ask(Probe(http_get=HTTPGetAction(port=server.getsockname()[1])), target(), 0.2)
        took = time.monotonic() - began
        ended.set()
        thread.join()
    assert not answer.success
    assert took < 5


def test_an_answer_that_does_not_come_is_a_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        answer = ask(Probe(http_get=HTTPGetAction(port=port)), target(), 0.05)
    assert not answer.success
    assert "context deadline exceeded" in answer.message
