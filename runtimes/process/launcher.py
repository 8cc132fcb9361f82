"""The runtime's side of the launcher (`sampan.runtimes.process.shim`): starts it when first needed, again if it died.

Any thread may ask for work at any time: every request has a socket pair of its own.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Mapping

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.runtimes.process.layout import SHIM, Layout
from sampan.runtimes.process.shim.channel import Channel, ChannelClosed


class Launcher:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def open(self, work: str, request: Mapping[str, object], fds: tuple[int, ...] = ()) -> Channel:
        """Begin some work (a key of ``shim.work.WORK``); what it answers is read from the channel."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._fork(work, theirs)
            except OSError as exc:
                ours.close()
                raise RuntimeFailure(f"the launcher of the process runtime does not answer: {exc}") from exc
        channel = Channel(ours)
        channel.send(dict(request), fds)
        return channel

    def call(self, work: str, request: Mapping[str, object]) -> dict[str, object]:
        """Do some work that answers once. Raises `RuntimeFailure` with its error."""
        channel = self.open(work, request)
        try:
            return answer(channel)
        finally:
            channel.close()

    def close(self) -> None:
        """End the launcher; what it has forked goes on."""
        with self._lock:
            self._end()

    def _fork(self, work: str, channel: socket.socket) -> None:
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._start()
            assert self._requests is not None
            socket.send_fds(self._requests, [work.encode()], [channel.fileno()])

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The state folder is an argument so that everything forked from here can be found again by it.
        command = [sys.executable, "-I", "-S", str(SHIM), str(self._layout.state_dir)]
        with theirs, self._layout.launcher_log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        self._requests = ours

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()
            self._requests = None
        if self._process is not None:
            self._process.wait()
            self._process = None


def answer(channel: Channel) -> dict[str, object]:
    """The next message. Raises `RuntimeFailure` for an error, or where the other side died."""
    try:
        message = channel.receive()
    except ChannelClosed as exc:
        raise RuntimeFailure("a process of the process runtime ended unexpectedly; see launcher.log") from exc
    if "error" in message:
        raise RuntimeFailure(str(message["error"]))
    return message
