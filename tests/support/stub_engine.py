"""An engine of a few lines: it answers each request with the bytes that a test wants, whole or cut short."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

from sampan.runtimes.engine.api import EngineApi

Answer = Callable[[str, socket.socket], None]
"""Is given the path that was asked for, and the connection, which is closed afterwards."""


def whole(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def begun(*chunks: bytes) -> bytes:
    """An answer in chunks, without its end."""
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


@contextmanager
def stub_engine(answer: Answer | bytes) -> Iterator[str]:
    """Its base URL; one thread for each connection."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            length = 0
            while head := self.rfile.readline().strip().lower():
                if head.startswith(b"content-length:"):
                    length = int(head.partition(b":")[2])
            self.rfile.read(length)
            if isinstance(answer, bytes):
                self.connection.sendall(answer)
            else:
                answer(target, self.connection)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def stub_api(answer: Answer | bytes) -> Iterator[EngineApi]:
    with stub_engine(answer) as url, requests.Session() as session:
        yield EngineApi(session, url, "Docker")
