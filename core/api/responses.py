"""Answers as ASGI messages: one start, one body. Precomputed where the same is sent again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import orjson
import yaml

from sampan.core.errors import ApiError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON_TYPE: Final = (b"content-type", b"application/json")
YAML_TYPE: Final = (b"content-type", b"application/yaml")
TEXT_TYPE: Final = (b"content-type", b"text/plain; charset=utf-8")
NO_CACHE: Final = (b"cache-control", b"no-cache, private")

Header = tuple[bytes, bytes]


async def send_bytes(
    send: Send, body: bytes, *, code: int = 200, content_type: Header = JSON_TYPE, headers: Iterable[Header] = ()
) -> None:
    start = [content_type, (b"content-length", b"%d" % len(body)), NO_CACHE, *headers]
    await send({"type": "http.response.start", "status": code, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def send_parts(send: Send, parts: Sequence[bytes]) -> None:
    """JSON that is there in parts, of which one may be large: it is not copied into a whole."""
    size = sum(map(len, parts))
    start = [JSON_TYPE, (b"content-length", b"%d" % size), NO_CACHE]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    for part in parts[:-1]:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": parts[-1]})


async def send_value(
    send: Send, value: Mapping[str, Any], *, code: int = 200, format: str = "json", headers: Iterable[Header] = ()
) -> None:
    """A wire value as JSON or YAML."""
    if format == "yaml":
        body = yaml.safe_dump(value, sort_keys=True, allow_unicode=True).encode()
        await send_bytes(send, body, code=code, content_type=YAML_TYPE, headers=headers)
    else:
        await send_bytes(send, orjson.dumps(value), code=code, headers=headers)


async def send_text(send: Send, text: str, *, code: int = 200) -> None:
    await send_bytes(send, text.encode(), code=code, content_type=TEXT_TYPE)


async def send_error(send: Send, error: ApiError, warnings: Iterable[str] = ()) -> None:
    headers = warning_headers(warnings)
    if error.retry_after:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if error.code == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send_value(send, error.to_status(), code=error.code, headers=headers)


def warning_headers(warnings: Iterable[str]) -> list[Header]:
    """``Warning`` headers as in RFC 7234: code 299, no agent, the text quoted. Repeated texts are said once."""
    headers: list[Header] = []
    for text in dict.fromkeys(warnings):
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("\r", " ")
        headers.append((b"warning", f'299 - "{quoted}"'.encode()))
    return headers
