"""``exec`` and ``attach``: a client's terminal and a process in a container, over a WebSocket or SPDY.

What is wrong with the request comes before the upgrade, as an ordinary answer; what is wrong with the command comes after
it, on the error channel, where clients look for how it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import attrs

from sampan.core.api import takeover
from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import Query, flag
from sampan.core.api.problems import NoCommonProtocol, PlainRefusal
from sampan.core.api.request import Request
from sampan.core.api.subresources.channels import (
    ERROR,
    NAMELESS,
    STDERR,
    STDOUT,
    V1,
    V1_TEXT,
    V4,
    V4_TEXT,
    V5,
    Channels,
)
from sampan.core.api.subresources.containers import Aim, admit, aim
from sampan.core.api.subresources.conversation import converse, refusal_of
from sampan.core.api.subresources.spdy_terminal import PROTOCOLS, SpdyLine, channels_of
from sampan.core.api.subresources.websocket import WebSocket
from sampan.core.classes import define
from sampan.core.contracts.streams import AsyncStream, NodeDirectory
from sampan.core.errors import ApiError, BadRequest, NotFound

CONNECT: Final = frozenset({"create", "get"})
VERSION_HEADER: Final = "X-Stream-Protocol-Version"
WAYS: Final = {"exec": "executing command in", "attach": "attaching to"}


@define(eq=False)
class Terminal:
    """``name`` is ``exec`` or ``attach``."""

    name: str
    pipeline: Pipeline
    nodes: NodeDirectory

    def belongs(self, served: Served) -> bool:
        return self.name in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CONNECT

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("", "", f"Pod{self.name.capitalize()}Options")

    async def serve(self, request: Request, call: Call) -> None:
        """Over SPDY, where the client asks for it."""
        await self.pipeline.gates.check(attrs.evolve(call, verb="create").attributes)
        target = await self._aim(request, call)
        take_over = takeover.offered(request)
        if take_over is None:
            raise BadRequest("Upgrade request required")
        protocol = negotiate(request, PROTOCOLS)
        opened = await self._open(request, target)
        try:
            stdin, tty = flag(request.query, "stdin"), flag(request.query, "tty")
            listens = streams_of(request.query)
            wanted = channels_of(protocol, stdin=stdin, listens=listens, tty=tty)
            line = SpdyLine(take_over({VERSION_HEADER: protocol} if protocol else {}), protocol, wanted)
            try:
                await line.open()
                await converse(line, opened, listens)
            finally:
                await line.close()
        finally:
            await close(opened)

    async def connect(self, request: Request, call: Call) -> None:
        target = await self._aim(request, call)
        socket = WebSocket(request.scope, request.receive, request.send)
        protocol = socket.choose((V5, V4, V4_TEXT, V1, V1_TEXT, NAMELESS))
        opened = await self._open(request, target)
        try:
            await socket.accept(protocol)
            channels, listens = Channels(socket, protocol), streams_of(request.query)
            # Some clients wait for a first message before they believe in the connection.
            await channels.write(min(listens, default=ERROR), b"")
            await converse(channels, opened, listens)
        finally:
            await close(opened)

    async def _aim(self, request: Request, call: Call) -> Aim:
        """Admission, the options' own rules, and the container."""
        query = request.query
        options = connect_options(request, self.body_kind(call.served)[2])
        await admit(self.pipeline, call, options)
        target = await aim(self.pipeline, self.nodes, call, query.get("container", ""))
        if self.name == "exec" and not commands(request):
            raise BadRequest("you must specify at least one command for the container")
        if not streams_of(query) and not flag(query, "stdin"):
            raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
        return target

    async def _open(self, request: Request, target: Aim) -> AsyncStream | ApiError:
        """The process, or why it could not be begun. Raises `PlainRefusal` for a container that does not run."""
        tty, stdin = flag(request.query, "tty"), flag(request.query, "stdin")
        try:
            if self.name == "attach":
                return await target.streams.attach(target.pod, target.container, tty=tty, stdin=stdin)
            command = commands(request)
            return await target.streams.exec(target.pod, target.container, command, tty=tty, stdin=stdin)
        except NotFound as exc:
            raise PlainRefusal(str(exc)) from exc
        except ApiError as exc:
            return refusal_of(exc, f"error {WAYS[self.name]} container")


async def close(opened: AsyncStream | ApiError) -> None:
    if not isinstance(opened, ApiError):
        await opened.close()


def negotiate(request: Request, offered: Sequence[str]) -> str:
    """The first of ``offered`` that a SPDY client speaks; empty for one that does not say. Raises `NoCommonProtocol`."""
    name = VERSION_HEADER.lower().encode()
    values = [value.decode("latin-1") for key, value in request.scope["headers"] if key == name]
    wanted = [word.strip() for value in values for word in value.split(",")]
    if not wanted:
        return ""
    chosen = next((each for each in offered if each in wanted), None)
    if chosen is None:
        said = f"client supports [{' '.join(wanted)}], server accepts [{' '.join(offered)}]"
        raise NoCommonProtocol(f"unable to upgrade: unable to negotiate protocol: {said}")
    return chosen


def connect_options(request: Request, kind: str) -> dict[str, Any]:
    """The ``PodExecOptions`` or ``PodAttachOptions`` that admission sees."""
    query = request.query
    options: dict[str, Any] = {"kind": kind, "apiVersion": "v1"}
    options |= {name: True for name in ("stdin", "stdout", "stderr", "tty") if flag(query, name)}
    if container := query.get("container"):
        options["container"] = container
    if words := commands(request):
        options["command"] = words
    return options


def commands(request: Request) -> list[str]:
    """The words of the command, in order."""
    return parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True).get("command", [])


def streams_of(query: Query) -> frozenset[int]:
    """The channels on which the client listens. A terminal has no stderr of its own."""
    wanted = {STDOUT} if flag(query, "stdout") else set()
    if flag(query, "stderr") and not flag(query, "tty"):
        wanted.add(STDERR)
    return frozenset(wanted)
