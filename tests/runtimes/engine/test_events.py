"""The feed of an engine's events, over a stub engine."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sampan.core.contracts.runtime import RuntimeEvent, RuntimeFailure
from sampan.core.contracts.runtime_config import LABEL_CLUSTER, LABEL_UID
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.events import EventFeed
from tests.support.stub_engine import begun, stub_api

OWNER = {LABEL_CLUSTER: "c"}


def line(action: str, **attributes: str) -> bytes:
    return (
        json.dumps({"Action": action, "Actor": {"Attributes": {LABEL_UID: "u", **OWNER, **attributes}}}).encode()
        + b"\n"
    )


@contextmanager
def feed(*answers: bytes) -> Iterator[tuple[EventFeed, queue.Queue[dict[str, Any]]]]:
    """A feed, and what the engine was asked; each request gets the next answer, an empty one stays open."""
    asked: queue.Queue[dict[str, Any]] = queue.Queue()
    left = iter(answers)

    def answer(target: str, connection: socket.socket) -> None:
        asked.put(parse_qs(urlsplit(target).query))
        body = next(left)
        connection.sendall(begun(*[body] if body else []))
        while not body and connection.recv(100):
            pass

    with stub_api(answer) as api:
        yield EventFeed(api, OWNER), asked


def test_a_feed_ends_with_its_connection_and_begins_anew_when_asked() -> None:
    with feed(line("start") + line("die")[:20], line("died")) as (events, _):
        assert list(events.events()) == [RuntimeEvent(uid="u", type="started")]
        assert list(events.events()) == [RuntimeEvent(uid="u", type="exited")]


def test_what_is_not_of_this_cluster_or_of_no_pod_is_left_out() -> None:
    with feed(line("start", **{LABEL_CLUSTER: "d"}) + line("start", **{LABEL_UID: ""}) + line("exec_die")) as (
        events,
        _,
    ):
        assert list(events.events()) == []


def test_a_feed_asks_for_what_happens_while_it_is_connected() -> None:
    before = time.time()
    with feed(line("start")) as (events, asked):
        told = events.events()
        (since,) = asked.get(timeout=10)["since"]
        assert before - 0.001 < float(since) <= time.time()
        assert len(list(told)) == 1


def test_an_engine_that_is_away_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    with requests.Session() as session:
        events = EventFeed(EngineApi(session, "http://{}:{}".format(*address), "Docker"), OWNER)
        with pytest.raises(RuntimeFailure, match="Docker does not answer"):
            events.events()


def test_closing_ends_a_feed_that_waits_and_every_later_one() -> None:
    with feed(b"") as (events, asked):
        heard: list[RuntimeEvent] = []
        listener = threading.Thread(target=lambda told: heard.extend(told), args=(events.events(),))
        listener.start()
        asked.get(timeout=10)
        events.close()
        listener.join(10)
        assert (listener.is_alive(), heard, list(events.events())) == (False, [], [])
