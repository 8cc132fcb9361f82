"""A pod's host ports: a process that listens on the host and passes on to the pod, as long as its sandbox lives."""

from __future__ import annotations

import os
import selectors
import socket

from sampan.runtimes.process.shim import kernel
from sampan.runtimes.process.shim.channel import Channel

CHUNK = 65536
UDP_CLIENTS = 1024


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``sandbox`` (pid), ``ports``: [host ip, host port, pod ip, pod port, protocol]. Answers with ``pid``
    once all ports are open."""
    kernel.set_process_name("sampan-ports")
    selector = selectors.DefaultSelector()
    ports = request["ports"]
    assert isinstance(ports, list)
    for host_ip, host_port, ip, pod_port, protocol in ports:
        listener = _listen(host_ip, host_port, protocol)
        forward = (
            _Udp(selector, listener, (ip, pod_port)) if protocol == "UDP" else _Tcp(selector, listener, (ip, pod_port))
        )
        selector.register(listener, selectors.EVENT_READ, forward.ready)
    sandbox = os.pidfd_open(int(str(request["sandbox"])))
    selector.register(sandbox, selectors.EVENT_READ, lambda: os._exit(0))
    channel.send({"pid": os.getpid()})
    channel.close()
    while True:
        for key, _ in selector.select():
            if key.fileobj in selector.get_map():
                key.data()


def _listen(ip: str, port: int, protocol: str) -> socket.socket:
    kind = socket.SOCK_DGRAM if protocol == "UDP" else socket.SOCK_STREAM
    sock = socket.socket(_family(ip), kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind((ip, port))
    except OSError as exc:
        raise OSError(f"host port {port}/{protocol} cannot be had: {exc.strerror}") from exc
    sock.setblocking(False)
    if kind == socket.SOCK_STREAM:
        sock.listen(128)
    return sock


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


class _Tcp:
    def __init__(self, selector: selectors.BaseSelector, listener: socket.socket, target: tuple[str, int]) -> None:
        self._selector = selector
        self._listener = listener
        self._target = target

    def ready(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        server = socket.socket(_family(self._target[0]))
        server.setblocking(False)
        server.connect_ex(self._target)
        client.setblocking(False)
        _Pair(self._selector, client, server)


class _Pair:
    """Two connections, each one's input the other's output; at most one piece waits in each direction."""

    def __init__(self, selector: selectors.BaseSelector, client: socket.socket, server: socket.socket) -> None:
        self._selector = selector
        self._other = {client: server, server: client}
        self._waiting = {client: b"", server: b""}  # to be sent to it
        self._ended = {client: False, server: False}  # it will send no more
        self._connecting = True
        self._server = server
        selector.register(client, selectors.EVENT_READ, lambda: self._ready(client))
        selector.register(server, selectors.EVENT_WRITE, lambda: self._ready(server))

    def _ready(self, sock: socket.socket) -> None:
        try:
            if sock is self._server and self._connecting:
                if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    raise OSError(error, os.strerror(error))
                self._connecting = False
            self._send(sock)
            if not self._ended[sock] and not self._waiting[self._other[sock]]:
                self._receive(sock)
        except OSError:
            self._close()
            return
        self._watch()

    def _send(self, sock: socket.socket) -> None:
        if self._waiting[sock]:
            try:
                self._waiting[sock] = self._waiting[sock][sock.send(self._waiting[sock]) :]
            except BlockingIOError:
                return
        if not self._waiting[sock] and self._ended[self._other[sock]]:
            sock.shutdown(socket.SHUT_WR)

    def _receive(self, sock: socket.socket) -> None:
        other = self._other[sock]
        try:
            data = sock.recv(CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._ended[sock] = True
            if not self._waiting[other] and not (other is self._server and self._connecting):
                other.shutdown(socket.SHUT_WR)
            return
        self._waiting[other] = data

    def _watch(self) -> None:
        if all(self._ended.values()) and not any(self._waiting.values()):
            self._close()
            return
        for sock, other in self._other.items():
            wanted = 0
            if not self._ended[sock] and not self._waiting[other]:
                wanted |= selectors.EVENT_READ
            if self._waiting[sock] or (sock is self._server and self._connecting):
                wanted |= selectors.EVENT_WRITE
            self._set(sock, wanted)

    def _set(self, sock: socket.socket, wanted: int) -> None:
        registered = sock in self._selector.get_map()
        if wanted and registered:
            self._selector.modify(sock, wanted, lambda: self._ready(sock))
        elif wanted:
            self._selector.register(sock, wanted, lambda: self._ready(sock))
        elif registered:
            self._selector.unregister(sock)

    def _close(self) -> None:
        for sock in self._other:
            if sock in self._selector.get_map():
                self._selector.unregister(sock)
            sock.close()


class _Udp:
    """One socket towards the pod per client, the oldest forgotten first."""

    def __init__(self, selector: selectors.BaseSelector, listener: socket.socket, target: tuple[str, int]) -> None:
        self._selector = selector
        self._listener = listener
        self._target = target
        self._clients: dict[tuple[str, int], socket.socket] = {}

    def ready(self) -> None:
        try:
            data, client = self._listener.recvfrom(CHUNK)
            self._towards_pod(client).send(data)
        except OSError:
            return

    def _towards_pod(self, client: tuple[str, int]) -> socket.socket:
        if client not in self._clients:
            if len(self._clients) >= UDP_CLIENTS:
                oldest = self._clients.pop(next(iter(self._clients)))
                self._selector.unregister(oldest)
                oldest.close()
            sock = socket.socket(_family(self._target[0]), socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.connect(self._target)
            self._clients[client] = sock
            self._selector.register(sock, selectors.EVENT_READ, lambda: self._answer(sock, client))
        return self._clients[client]

    def _answer(self, sock: socket.socket, client: tuple[str, int]) -> None:
        try:
            self._listener.sendto(sock.recv(CHUNK), client)
        except OSError:
            return
