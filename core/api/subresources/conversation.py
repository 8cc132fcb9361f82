"""What goes on between a client and a process, whatever protocol carries it: output, input, sizes, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol

import orjson

from sampan.core.api.subresources.channels import RESIZE, STDERR, STDIN, STDOUT, Piece
from sampan.core.contracts.streams import AsyncStream
from sampan.core.errors import ApiError, InternalError

SUCCESS: Final = {"metadata": {}, "status": "Success"}


class Line(Protocol):
    """The client's end. Raises `ClientGone`."""

    async def write(self, channel: int, data: bytes) -> None: ...

    def pieces(self) -> AsyncIterator[Piece]:
        """What the client sends, until it goes away."""
        ...

    async def end(self, status: Mapping[str, Any]) -> None:
        """Say how it ended, and hang up."""
        ...


async def converse(line: Line, stream: AsyncStream | ApiError, listens: frozenset[int]) -> None:
    """Carry bytes both ways until the process ends or the client leaves; then say how it ended.

    A process that could not be begun is the error.
    """
    if isinstance(stream, ApiError):
        await line.end(stream.to_status())
        return
    output = asyncio.create_task(_carry_output(line, stream, listens))
    entry = asyncio.create_task(_carry_input(line, stream))
    try:
        await asyncio.wait({output, entry}, return_when=asyncio.FIRST_COMPLETED)
        if output.done():
            await line.end(await _verdict(output, stream))
    finally:
        for task in (output, entry):
            task.cancel()
        await asyncio.gather(output, entry, return_exceptions=True)


async def _carry_output(line: Line, stream: AsyncStream, listens: frozenset[int]) -> None:
    while (piece := await stream.read()) is not None:
        channel = STDOUT if piece[0] == "stdout" else STDERR
        if channel in listens:
            await line.write(channel, piece[1])


async def _carry_input(line: Line, stream: AsyncStream) -> None:
    """Returns when the client has gone."""
    async for piece in line.pieces():
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


async def _verdict(output: asyncio.Task[None], stream: AsyncStream) -> Mapping[str, Any]:
    """The Status that tells how it ended."""
    try:
        output.result()
        code = await stream.exit_code()
    except ApiError as exc:
        return exc.to_status()
    except Exception as exc:  # the engine's connection broke: the client must hear something
        return refusal_of(exc, "error executing command in container").to_status()
    return SUCCESS if code == 0 else exit_status(code)


def refusal_of(exc: Exception, what: str) -> ApiError:
    """Why a process could not be begun or followed, as the kubelet tells it."""
    return InternalError(f"Internal error occurred: {what}: {exc}")


def exit_status(code: int) -> dict[str, Any]:
    """What kubectl turns into its own exit code."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
