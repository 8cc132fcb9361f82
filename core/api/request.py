"""One HTTP request on its way through the app: what was asked, by whom, and how to answer.

Made by the app, handed to handlers. One coroutine works on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import orjson

from sampan.core.api import negotiate
from sampan.core.api.audit.trail import Trail
from sampan.core.api.bodies import read_body
from sampan.core.api.compression import ENCODED, THRESHOLD, compress
from sampan.core.api.headers import Headers
from sampan.core.api.off_loop import Workers
from sampan.core.api.options import Query, parse_query
from sampan.core.api.paths import Target
from sampan.core.api.protobuf.decode import to_json
from sampan.core.api.protobuf.encode import encode_object
from sampan.core.api.responses import (
    JSON_TYPE,
    PROTOBUF_TYPE,
    YAML_TYPE,
    Header,
    Receive,
    Scope,
    Send,
    send_bytes,
    send_object,
    warning_headers,
)
from sampan.core.contracts.access import User
from sampan.core.schema.types import Struct
from sampan.core.schema.yaml_writer import write_yaml


@attrs.define(eq=False, slots=False)
class Request:
    """``warnings`` become headers of the answer."""

    scope: Scope
    receive: Receive
    send: Send
    method: str
    target: Target
    headers: Headers
    user: User
    workers: Workers
    warnings: list[str] = attrs.field(factory=list)
    answers_with: negotiate.Answer = "object"
    """What is asked for, and so which shapes there are."""
    has_protobuf: bool = False
    """Whether what is asked for can be answered in protobuf."""
    trail: Trail | None = None
    """What the audit log is to know of it, where it is."""

    @cached_property
    def query(self) -> Query:
        return parse_query(self.scope["query_string"])

    @property
    def representation(self) -> negotiate.Representation:
        """Raises `NotAcceptable`."""
        return negotiate.accepted(self.headers.accept, self.answers_with, protobuf=self.has_protobuf)

    async def body(self) -> bytes:
        """Raises `TooLarge`."""
        raw = await read_body(self.receive, self.headers.content_length)
        if self.trail is not None:
            self.trail.asks_with(raw, self.headers.content_type)
        return raw

    async def object_body(self, struct: Struct) -> tuple[bytes, str]:
        """The body, which is to be a ``struct``, as JSON or YAML with its media type.

        Raises `UnsupportedMediaType`, `TooLarge`, and `BadRequest` for protobuf that cannot be read.
        """
        media_type = negotiate.body_type(self.headers.content_type)
        raw = await self.body()
        if media_type == negotiate.PROTOBUF and raw:
            raw = await self.workers.run_if_much(len(raw), media_type, to_json, struct, raw)
            media_type = negotiate.JSON
            if self.trail is not None:
                self.trail.asks_with(raw, media_type)
        return raw, media_type

    async def answer(self, value: Mapping[str, Any], code: int = 200) -> None:
        """Send a wire value in the format that was asked for."""
        raw = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
        if self.representation.format == "protobuf":
            body = await self.workers.run_if_much(len(raw), negotiate.PROTOBUF, encode_object, value)
            await self._send(body, code, PROTOBUF_TYPE)
        elif self.representation.format == "yaml":
            body = await self.workers.run_if_much(len(raw), negotiate.YAML, write_yaml, value)
            await self._send(body, code, YAML_TYPE)
        else:
            await self._send(raw, code)

    async def answer_bytes(self, raw: bytes, code: int = 200) -> None:
        """Send a ready object as JSON."""
        if len(raw) < THRESHOLD:
            await send_object(self.send, raw, code=code, headers=warning_headers(self.warnings))
        else:
            await self._send(raw + b"\n", code)

    async def _send(self, body: bytes, code: int, content_type: Header = JSON_TYPE) -> None:
        headers = warning_headers(self.warnings)
        if len(body) >= THRESHOLD and self.headers.takes_gzip:
            body = await self.workers.run(compress, body)
            headers = [*ENCODED, *headers]
        await send_bytes(self.send, body, code=code, content_type=content_type, headers=headers)
