"""Answers as ASGI messages: one start, one body. Precomputed where the same is sent again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final

import orjson

from sampan.core.api import negotiate
from sampan.core.api.protobuf.encode import encode_object
from sampan.core.errors import ApiError
from sampan.core.schema.yaml_writer import write_yaml

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON_TYPE: Final = (b"content-type", b"application/json")
YAML_TYPE: Final = (b"content-type", b"application/yaml")
PROTOBUF_TYPE: Final = (b"content-type", b"application/vnd.kubernetes.protobuf")
STREAM_TYPE: Final = (b"content-type", b"application/vnd.kubernetes.protobuf;stream=watch")
TEXT_TYPE: Final = (b"content-type", b"text/plain; charset=utf-8")
NO_CACHE: Final = (b"cache-control", b"no-cache, private")

Header = tuple[bytes, bytes]


PIECE: Final = 256 * 1024
"""Bytes that are given to a connection at a time: the next follow once the client has taken most of these, so that a client
that does not read costs no more, however large its answer."""
WARNING_BYTES: Final = 4096
"""Of all warnings together, as Kubernetes has it; where they are more, each is cut to `WARNING_CUT`."""
WARNING_CUT: Final = 256


async def send_bytes(
    send: Send, body: bytes, *, code: int = 200, content_type: Header = JSON_TYPE, headers: Iterable[Header] = ()
) -> None:
    own = list(headers)
    kept = () if any(name == NO_CACHE[0] for name, _ in own) else (NO_CACHE,)
    start = [content_type, (b"content-length", b"%d" % len(body)), *kept, *own]
    await send({"type": "http.response.start", "status": code, "headers": start})
    if len(body) > PIECE:
        await send_pieces(send, body)
    else:
        await send({"type": "http.response.body", "body": body})


async def send_pieces(send: Send, body: bytes, *, more: bool = False) -> None:
    whole = memoryview(body)
    for begin in range(0, len(whole), PIECE):
        goes_on = more or begin + PIECE < len(whole)
        await send({"type": "http.response.body", "body": bytes(whole[begin : begin + PIECE]), "more_body": goes_on})


async def send_object(send: Send, raw: bytes, *, code: int = 200, headers: Iterable[Header] = ()) -> None:
    """Ready JSON and the newline that Kubernetes ends objects with."""
    await send_bytes(send, raw + b"\n", code=code, headers=headers)


async def send_parts(send: Send, parts: Sequence[bytes], headers: Iterable[Header] = ()) -> None:
    """JSON that is there in parts, of which one may be large: it is not copied into a whole."""
    size = sum(map(len, parts))
    start = [JSON_TYPE, (b"content-length", b"%d" % size), NO_CACHE, *headers]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    for part in parts[:-1]:
        await send_pieces(send, part, more=True)
    await send({"type": "http.response.body", "body": parts[-1]})


async def send_value(
    send: Send,
    value: Mapping[str, Any],
    *,
    code: int = 200,
    content_type: Header = JSON_TYPE,
    headers: Iterable[Header] = (),
) -> None:
    """A wire value as JSON, whatever it is called."""
    raw = orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    await send_bytes(send, raw, code=code, content_type=content_type, headers=headers)


async def send_text(send: Send, text: str, *, code: int = 200) -> None:
    await send_bytes(send, text.encode(), code=code, content_type=TEXT_TYPE)


async def send_error(
    send: Send, error: ApiError, warnings: Iterable[str] = (), *, written: negotiate.Format = "json"
) -> None:
    headers = warning_headers(warnings)
    if error.retry_after:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if error.code == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if written == "protobuf":
        body = encode_object(error.to_status())
        await send_bytes(send, body, code=error.code, content_type=PROTOBUF_TYPE, headers=headers)
    elif written == "yaml":
        body = write_yaml(error.to_status())
        await send_bytes(send, body, code=error.code, content_type=YAML_TYPE, headers=headers)
    else:
        await send_value(send, error.to_status(), code=error.code, headers=headers)


def warning_headers(warnings: Iterable[str]) -> list[Header]:
    """``Warning`` headers as in RFC 7234: code 299, no agent, the text quoted. Repeated texts are said once."""
    texts = list(dict.fromkeys(warnings))
    if not texts:
        return []
    cut = WARNING_CUT if sum(map(len, texts)) > WARNING_BYTES else WARNING_BYTES
    headers: list[Header] = []
    left = WARNING_BYTES
    for text in texts:
        raw = _in_a_header(text)[:cut]
        left -= len(raw)
        if left < 0:
            break
        headers.append((b"warning", b'299 - "%b"' % raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"')))
    return headers


def _in_a_header(text: str) -> bytes:
    """Text without what would end a header, or be none: control characters become spaces, half characters question
    marks."""
    return "".join(char if char.isprintable() else " " for char in text).encode(errors="replace")
