"""Three sockets of one port: new connections go where they are led, and none is out of sight."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from sampan.core.host.listening import bind
from sampan.plugins.ingress import turns
from sampan.plugins.ingress.turns import SOCKETS, Turns
from tests.support.needs import needs


def leads() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Turns(listener)
        try:
            return len(made.descriptors()) == SOCKETS
        finally:
            made.close()


needs_leading = needs(leads(), "the kernel does not let itself be told which socket is next")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def accepted(number: int) -> bool:
    """Whether somebody waits at the socket with this descriptor; lets one in."""
    with socket.socket(fileno=os.dup(number)) as copy:
        copy.setblocking(False)
        try:
            copy.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@needs_leading
def test_new_connections_go_to_the_socket_of_now_and_those_before_stay_in_sight(listener: socket.socket) -> None:
    made = Turns(listener)
    try:
        for _ in range(2 * SOCKETS):
            before = made.numbers()[0]
            with socket.create_connection(listener.getsockname()):
                made.turn()
                assert made.waiting() == 1
                with socket.create_connection(listener.getsockname()):
                    now, old = made.numbers()
                    assert old == before
                    assert accepted(now)
                    assert accepted(old)
                    assert made.waiting() == 0
    finally:
        made.close()


@needs_leading
def test_what_was_not_taken_is_led_back(listener: socket.socket) -> None:
    made = Turns(listener)
    try:
        before = made.numbers()
        made.turn()
        made.turn_back()
        assert made.numbers() == before
        with socket.create_connection(listener.getsockname()):
            assert accepted(before[0])
    finally:
        made.close()


@needs_leading
def test_the_port_can_be_had_again_right_after_the_last_connection() -> None:
    with bind("127.0.0.1", 0) as listener:
        place = listener.getsockname()
        made = Turns(listener)
        try:
            with socket.create_connection(place) as client:
                assert accepted(made.numbers()[0]), "and closed first, so that its end is waited for here"
                client.recv(1)
        finally:
            made.close()
    with bind(*place) as again:
        assert again.getsockname() == place


def test_a_kernel_that_is_not_told_leaves_the_one_socket(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SO_ATTACH_REUSEPORT_CBPF", 0x7FFF)
    made = Turns(listener)
    made.turn()
    assert made.numbers() == made.descriptors() == [listener.fileno()]
    with socket.create_connection(listener.getsockname()):
        assert accepted(listener.fileno())
