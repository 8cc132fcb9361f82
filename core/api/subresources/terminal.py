"""``exec`` and ``attach``: a client's terminal and a process in a container, over a WebSocket.

A refusal comes before the upgrade, as an ordinary ``Status``. Clients that can only speak SPDY get the same refusals, and
else are told to upgrade.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import orjson

from sampan.core.api.catalog import Served
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.options import Query, flag
from sampan.core.api.request import Request
from sampan.core.api.subresources.channels import ERROR, RESIZE, STDERR, STDIN, STDOUT, V4, V5, Channels
from sampan.core.api.subresources.containers import Aim, admit, aim
from sampan.core.api.subresources.websocket import WebSocket
from sampan.core.contracts.streams import AsyncStream, NodeDirectory
from sampan.core.errors import ApiError, BadRequest, InternalError

CONNECT: Final = frozenset({"create", "get"})
SUCCESS: Final = orjson.dumps({"metadata": {}, "status": "Success"})


@attrs.define(eq=False)
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
        """A request without an upgrade that we speak: refused for its own reasons first."""
        await self._aim(request, call)
        raise BadRequest("Upgrade request required")

    async def connect(self, request: Request, call: Call) -> None:
        target = await self._aim(request, call)
        stream = await self._open(request, target)
        socket = WebSocket(request.scope, request.receive, request.send)
        try:
            protocol = socket.choose((V5, V4))
            await socket.accept(protocol)
            await converse(Channels(socket, protocol), stream, streams_of(request.query))
        finally:
            await stream.close()

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

    async def _open(self, request: Request, target: Aim) -> AsyncStream:
        tty, stdin = flag(request.query, "tty"), flag(request.query, "stdin")
        if self.name == "attach":
            return await target.streams.attach(target.pod, target.container, tty=tty, stdin=stdin)
        command = commands(request)
        return await target.streams.exec(target.pod, target.container, command, tty=tty, stdin=stdin)


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


async def converse(channels: Channels, stream: AsyncStream, listens: frozenset[int]) -> None:
    """Carry bytes both ways until the process ends or the client leaves; then say how it ended."""
    # Some clients wait for a first message before they believe in the connection.
    await channels.write(min(listens, default=ERROR), b"")
    output = asyncio.create_task(_carry_output(channels, stream, listens))
    entry = asyncio.create_task(_carry_input(channels, stream))
    try:
        await asyncio.wait({output, entry}, return_when=asyncio.FIRST_COMPLETED)
        if output.done():
            await channels.write(ERROR, await _verdict(output, stream))
            await channels.socket.close()
    finally:
        for task in (output, entry):
            task.cancel()
        await asyncio.gather(output, entry, return_exceptions=True)


async def _carry_output(channels: Channels, stream: AsyncStream, listens: frozenset[int]) -> None:
    while (piece := await stream.read()) is not None:
        channel = STDOUT if piece[0] == "stdout" else STDERR
        if channel in listens:
            await channels.write(channel, piece[1])


async def _carry_input(channels: Channels, stream: AsyncStream) -> None:
    """Returns when the client has gone."""
    async for piece in channels.pieces():
        if piece.channel == STDIN and piece.closed:
            await stream.close_stdin()
        elif piece.channel == STDIN:
            with contextlib.suppress(ApiError):  # a process that has closed its input
                await stream.write(piece.data)
        elif piece.channel == RESIZE and not piece.closed:
            await _resize(stream, piece.data)


async def _resize(stream: AsyncStream, raw: bytes) -> None:
    try:
        size = orjson.loads(raw)
        width, height = int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError):
        return  # not worth ending a session for
    await stream.resize(width, height)


async def _verdict(output: asyncio.Task[None], stream: AsyncStream) -> bytes:
    """The Status that goes out on the error channel."""
    try:
        output.result()
        code = await stream.exit_code()
    except ApiError as exc:
        return orjson.dumps(exc.to_status())
    except Exception as exc:  # the engine's connection broke: the client must hear something
        return orjson.dumps(InternalError(f"error executing command in container: {exc}").to_status())
    return SUCCESS if code == 0 else orjson.dumps(exit_status(code))


def exit_status(code: int) -> dict[str, Any]:
    """What kubectl turns into its own exit code."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
