"""Logs, exec, attach and port-forward of this node's pods, for the API server.

The greater part of `sampan.core.contracts.streams.NodeStreams`, on the event loop; the runtime's streams, which block, have
threads. Refusals are in the kubelet's words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

from sampan.core.contracts.runtime import Container, LogOptions, RuntimeFailure, Sandbox, Stream
from sampan.core.contracts.streams import AsyncStream, PodRef
from sampan.core.errors import BadRequest, InternalError, NotFound
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.node.decide.view import bare_id, container_name
from sampan.core.node.parts import NodeParts
from sampan.core.node.pump import Pump
from sampan.core.node.record import PodRecord
from sampan.core.node.threads import Threads

Piece = tuple[Literal["stdout", "stderr"], bytes]
MOST_WAITING = 16
"""Pieces of a stream, up to 64 KiB each, that a client has not taken yet."""


class PodStreams:
    """``find`` gives the record of a pod by uid."""

    def __init__(self, parts: NodeParts, find: Callable[[str], PodRecord | None]) -> None:
        self._parts = parts
        self._find = find

    async def logs(
        self, pod: PodRef, container: str, options: LogOptions, *, previous: bool = False
    ) -> AsyncIterator[bytes]:
        record = self._record(pod)
        container_id = log_container(record, container, previous=previous)
        # Opening a log asks the engine, so that it is no work for the event loop either.
        pump: Pump[bytes] = Pump(await self._parts.calls.run(self._parts.runtime.logs, container_id, options))
        if not options.follow:
            await pump.begin()
        return aiter(pump)

    async def exec(self, pod: PodRef, container: str, command: Sequence[str], *, tty: bool, stdin: bool) -> AsyncStream:
        found = self._running(pod, container)
        runtime = self._parts.runtime
        return await self._open(lambda: runtime.exec(found.id, command, tty=tty, stdin=stdin))

    async def attach(self, pod: PodRef, container: str, *, tty: bool, stdin: bool) -> AsyncStream:
        found = self._running(pod, container)
        runtime = self._parts.runtime
        return await self._open(lambda: runtime.attach(found.id, tty=tty, stdin=stdin))

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream:
        sandbox = self._sandbox(pod)
        return await self._open(lambda: self._parts.runtime.port_forward(sandbox, port))

    async def _open(self, make: Callable[[], Stream]) -> AsyncStream:
        try:
            return OpenStream(await self._parts.calls.run(make), self._parts.streams)
        except RuntimeFailure as exc:
            raise InternalError(str(exc)) from exc

    def _record(self, pod: PodRef) -> PodRecord:
        record = self._find(pod.uid)
        if record is None:
            raise NotFound(f'pod "{pod.name}_{pod.namespace}" not found', kind="pods", name=pod.name)
        return record

    def _running(self, pod: PodRef, container: str) -> Container:
        mine = [each for each in self._record(pod).containers if container_name(each) == container]
        found = max(mine, key=lambda each: each.attempt, default=None)
        if found is None or found.state != "running":
            raise NotFound(f'container not found ("{container}")', kind="pods", name=pod.name)
        return found

    def _sandbox(self, pod: PodRef) -> Sandbox:
        for sandbox in sorted(self._record(pod).sandboxes, key=lambda each: -each.attempt):
            if sandbox.state == "running":
                return sandbox
        raise NotFound(f'sandbox of pod "{pod.name}_{pod.namespace}" not found', kind="pods", name=pod.name)


def log_container(record: PodRecord, name: str, *, previous: bool) -> str:
    """The id of the container whose log is meant. Raises `BadRequest` in the kubelet's words where there is none."""
    status = _status_of(record, name)
    pod = record.pod.metadata.name
    if status is None:
        raise BadRequest(f'container "{name}" in pod "{pod}" is not available')
    state, last = status.state, status.last_state.terminated
    if previous:
        if last is None or not last.container_id:
            raise BadRequest(f'previous terminated container "{name}" in pod "{pod}" not found')
        return bare_id(last.container_id)
    if state.running is not None:
        return bare_id(status.container_id)
    if state.terminated is not None:
        found = state.terminated.container_id or (last.container_id if last else None)
        if not found:
            raise BadRequest(f'container "{name}" in pod "{pod}" is terminated')
        return bare_id(found)
    if last is not None and last.container_id:
        return bare_id(last.container_id)
    reason = state.waiting.reason if state.waiting else None
    why = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
        None: "no logs yet",
    }.get(reason, reason)
    raise BadRequest(f'container "{name}" in pod "{pod}" is waiting to start: {why}')


def _status_of(record: PodRecord, name: str) -> ContainerStatus | None:
    status = record.told or record.pod.status
    for each in (*status.container_statuses, *status.init_container_statuses, *status.ephemeral_container_statuses):
        if each.name == name:
            return each
    return None


class OpenStream:
    """`AsyncStream` over a runtime's blocking `Stream`."""

    def __init__(self, stream: Stream, threads: Threads) -> None:
        self._stream = stream
        self._threads = threads
        self._pump: Pump[Piece] = Pump(Pieces(stream), MOST_WAITING)
        self._reader = aiter(self._pump)

    async def read(self) -> Piece | None:
        return await anext(self._reader, None)

    async def write(self, data: bytes) -> None:
        await self._threads.run(self._stream.write, data)

    async def close_stdin(self) -> None:
        await self._threads.run(self._stream.close_stdin)

    async def resize(self, width: int, height: int) -> None:
        await self._threads.run(self._stream.resize, width, height)

    async def exit_code(self) -> int:
        return await self._threads.run(self._stream.exit_code)

    async def close(self) -> None:
        self._pump.close()
        await asyncio.shield(self._threads.run(self._stream.close))


class Pieces:
    """A stream's pieces until its end."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> Piece:
        piece = self._stream.read()
        if piece is None:
            raise StopIteration
        return piece
