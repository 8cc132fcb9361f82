"""The wire format of netlink, with a kernel that says what a test has it say."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator

import pytest

from sampan.core.host.netlink_socket import Netlink, as_text, attributes, nested, number, text

HEADER = struct.Struct("=IHHII")
ENTRY, ERROR, DONE = 24, 2, 3
INTERRUPTED = 0x10


@pytest.fixture
def ends() -> Iterator[tuple[Netlink, socket.socket]]:
    """Who asks, and the end at which a kernel would answer."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        yield Netlink(here), there


def message(kind: int, content: bytes = b"", flags: int = 0) -> bytes:
    padding = bytes(-len(content) % 4)
    return HEADER.pack(HEADER.size + len(content), kind, flags, 0, 0) + content + padding


def test_attributes_are_read_as_they_were_written() -> None:
    told = attributes(text(3, "eth0") + number(4, 7) + nested(18, text(1, "veth")))
    assert as_text(told[3]) == "eth0"
    assert told[4] == struct.pack("=I", 7)
    assert attributes(told[18]) == {1: b"veth\0"}


def test_an_attribute_shorter_than_its_header_is_none_of_the_kernels() -> None:
    with pytest.raises(OSError, match="shorter than its header") as told:
        attributes(bytes(4))
    assert told.value.errno == errno.EBADMSG


def test_a_table_comes_in_several_packets(ends: tuple[Netlink, socket.socket]) -> None:
    asks, answers = ends
    answers.send(message(ENTRY, b"one") + message(ENTRY, b"two"))
    answers.send(message(ENTRY, b"three") + message(DONE))
    assert asks.table(26, b"") == [b"one", b"two", b"three"]


def test_a_table_that_changed_while_it_was_told_is_asked_for_again(ends: tuple[Netlink, socket.socket]) -> None:
    asks, answers = ends
    answers.send(message(ENTRY, b"old", INTERRUPTED) + message(DONE))
    answers.send(message(ENTRY, b"new") + message(DONE))
    assert asks.table(26, b"") == [b"new"]


def test_what_the_kernel_refuses_is_raised_with_its_number(ends: tuple[Netlink, socket.socket]) -> None:
    asks, answers = ends
    answers.send(message(ERROR, struct.pack("=i", -errno.EPERM)))
    answers.send(message(ERROR, struct.pack("=i", 0)))
    with pytest.raises(PermissionError):
        asks.change(24, b"")
    asks.change(24, b"")
