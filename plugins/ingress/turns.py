"""One port, three listening sockets, and the kernel told which of them gets the next connection.

A program that takes a new configuration stops what served the old one, and a connection that was accepted then, but has not
asked yet, is closed without an answer. So connections are led to a socket that the old configuration does not accept from,
before the new one, which does, is loaded: they wait in the kernel meanwhile, and none is in between.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time
from collections.abc import Sequence

SOCKETS = 3
"""The one of now, the one of before, whose last connections may still be on their way in, and the one of next."""
BACKLOG = 1024
ACCEPTED_WITHIN = 1.0
ASKED_WITHIN = 0.05
"""Seconds from its connection to a client's first words, as a rule."""
LOOK_AGAIN = 0.005
SO_ATTACH_REUSEPORT_CBPF = 51
_RETURN = 0x06
_WAITING_OFFSET = 24
"""Of ``tcpi_unacked`` in ``struct tcp_info``: of a listening socket, how many connections nobody has accepted."""


class Turns:
    """The sockets of one port. Made of the ``listener`` that has it, which listens no more from then on."""

    def __init__(self, listener: socket.socket) -> None:
        self._place = listener.getsockname()
        self._listener = listener
        self._all: list[socket.socket] = []
        self._now = 0
        try:
            self._share()
        except OSError:  # a kernel, or a sandbox around it, that does not let itself be told
            self.close()
            listener.listen(BACKLOG)

    def numbers(self) -> list[int]:
        """The descriptors to accept from now."""
        if not self._all:
            return [self._listener.fileno()]
        return [self._all[turn % SOCKETS].fileno() for turn in (self._now, self._now - 1)]

    def descriptors(self) -> list[int]:
        """All that are ever accepted from."""
        return [each.fileno() for each in self._all or [self._listener]]

    def turn(self) -> None:
        """Lead new connections to the next socket; `numbers` has it from now on."""
        if self._all:
            self._now = (self._now + 1) % SOCKETS
            self._lead()

    def turn_back(self) -> None:
        """What was to accept from there does not: as it was before `turn`."""
        if self._all:
            self._now = (self._now - 1) % SOCKETS
            self._lead()

    def waiting(self) -> int:
        """Connections to the sockets of before that nobody has accepted."""
        if not self._all:
            return 0
        others = (each for number, each in enumerate(self._all) if number != self._now)
        return sum(_waiting(each) for each in others)

    def close(self) -> None:
        for each in self._all:
            each.close()
        self._all = []

    def _share(self) -> None:
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        for _ in range(SOCKETS):
            made = socket.socket(self._listener.family, socket.SOCK_STREAM)
            self._all.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections keep the port from nobody
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind(self._place)
        self._listener.shutdown(socket.SHUT_RDWR)  # it keeps the port, and gets nobody
        for each in self._all:
            each.listen(BACKLOG)  # by this order the kernel counts them
        self._lead()

    def _lead(self) -> None:
        """By a program of one instruction, which the kernel runs for each new connection."""
        program = ctypes.create_string_buffer(struct.pack("=HBBI", _RETURN, 0, 0, self._now))
        about = struct.pack("@HP", 1, ctypes.addressof(program))
        self._all[0].setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, about)


def turn_all(some: Sequence[Turns]) -> None:
    """Lead new connections elsewhere; returns when those from before have had time to ask."""
    for each in some:
        each.turn()
    end = time.monotonic() + ACCEPTED_WITHIN
    while any(each.waiting() for each in some) and time.monotonic() < end:
        time.sleep(LOOK_AGAIN)
    time.sleep(ASKED_WITHIN)


def _waiting(listener: socket.socket) -> int:
    about = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _WAITING_OFFSET + 4)
    return int(struct.unpack_from("=I", about, _WAITING_OFFSET)[0])
