"""Answers of an engine that go on: logs, events, and the streams of an attached process."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

import requests
import urllib3

CHUNK = 65536


class Answer:
    """The body of an answer as it comes, and the way back to a process that listens.

    One thread reads; writing and `close` may happen on others: `close` wakes the reader.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self._reading = threading.Lock()
        self._closed = False
        self._connection = _second_handle(response)

    def read(self) -> bytes:
        """The next piece; empty at the end, after `close`, and where the engine is gone."""
        with self._reading:
            if self._closed:
                return b""
            try:
                piece: bytes = self._response.raw.read1(CHUNK)
            except (OSError, ValueError, urllib3.exceptions.HTTPError):
                return b""
            return piece

    def pieces(self) -> Iterator[bytes]:
        """All of it. The answer is closed at the end."""
        try:
            while piece := self.read():
                yield piece
        finally:
            self.close()

    def write(self, data: bytes) -> None:
        """What is written after the process has ended is dropped: its exit code tells."""
        with contextlib.suppress(OSError):
            if self._connection:
                self._connection.sendall(data)

    def end_writing(self) -> None:
        self._shut(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of the connection."""
        self._closed = True
        self._shut(socket.SHUT_RDWR)
        with self._reading:
            self._response.close()
        if self._connection:
            self._connection.close()

    def _shut(self, how: int) -> None:
        with contextlib.suppress(OSError):  # the engine may have closed it
            if self._connection:
                self._connection.shutdown(how)


def _second_handle(response: requests.Response) -> socket.socket | None:
    """The answer's connection a second time: the SDK's own handle is meant for reading alone.

    ``None`` for an answer that ended at once.
    """
    try:
        handle = socket.socket(fileno=os.dup(response.raw.fileno()))
    except (OSError, ValueError):
        return None
    handle.settimeout(None)
    return handle
