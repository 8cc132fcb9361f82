"""A node whose pods the test plays, for the API server's streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import AsyncStream, NodePage, NodeUsage, PodRef
from sampan.core.errors import BadRequest

PODS = "/api/v1/namespaces/default/pods"


def pod(name: str, *containers: str, **spec: Any) -> dict[str, Any]:
    """A manifest."""
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": each, "image": "i"} for each in containers or ("c",)], **spec},
    }


@attrs.define(eq=False)
class Echo(AsyncStream):
    """A process that repeats its input, and ends with ``code`` at the end of it."""

    code: int = 0
    said: asyncio.Queue[tuple[Literal["stdout", "stderr"], bytes] | None] = attrs.field(factory=asyncio.Queue)
    sizes: list[tuple[int, int]] = attrs.field(factory=list)
    closed: bool = False

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        return await self.said.get()

    async def write(self, data: bytes) -> None:
        self.said.put_nowait(("stdout", data))

    async def close_stdin(self) -> None:
        self.said.put_nowait(None)

    async def resize(self, width: int, height: int) -> None:
        self.sizes.append((width, height))

    async def exit_code(self) -> int:
        return self.code

    async def close(self) -> None:
        self.closed = True


@attrs.define(eq=False, slots=False)
class FakeNode:
    """One node's pods."""

    stream: Echo = attrs.field(factory=Echo)
    asked: list[Any] = attrs.field(factory=list)
    lines: list[bytes] = attrs.field(factory=list)
    more: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def logs(
        self, pod: PodRef, container: str, options: LogOptions, *, previous: bool = False
    ) -> AsyncIterator[bytes]:
        if previous:
            raise BadRequest(f'previous terminated container "{container}" in pod "{pod.name}" not found')
        self.asked.append((container, options))
        return self._say(options.follow)

    async def _say(self, follow: bool) -> AsyncIterator[bytes]:
        for line in self.lines:
            yield line
        if follow:
            await self.more.wait()
            yield b"later\n"

    async def exec(self, pod: PodRef, container: str, command: Sequence[str], *, tty: bool, stdin: bool) -> AsyncStream:
        self.asked.append((pod.name, container, list(command), tty, stdin))
        return self.stream

    async def attach(self, pod: PodRef, container: str, *, tty: bool, stdin: bool) -> AsyncStream:
        self.asked.append((pod.name, container, tty, stdin))
        return self.stream

    async def usage(self) -> NodeUsage:
        now = datetime.now(UTC)
        return NodeUsage(node="n", cpu_nanocores=1, memory_bytes=2, at=now, window=1, pods=())

    async def page(self, method: str, path: str, query: Mapping[str, str]) -> NodePage:
        return NodePage(content_type="text/plain", body=f"{method} {path} {dict(query)}".encode())

    async def port_forward(self, pod: PodRef, port: int) -> AsyncStream:
        if port == 1:
            raise BadRequest("connection refused")
        return self.stream
