"""Carry one HTTP request to a server and its answer back, as they come. On the API server's loop.

Who asks is the API server's affair: what proves it never reaches the server behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Final

from sampan.core.api.bodies import ClientGone
from sampan.core.api.proxy.links import Links
from sampan.core.api.proxy.location import Location
from sampan.core.api.request import Request
from sampan.core.errors import ServiceUnavailable

if TYPE_CHECKING:
    import httpx

Headers = list[tuple[bytes, bytes]]

CONNECT_SECONDS: Final = 30.0
LARGEST_PAGE: Final = 8 * 1024 * 1024
"""Bytes of HTML whose links are changed; what is larger is passed on as it is."""
HOP_BY_HOP: Final = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
SECRET: Final = frozenset({b"authorization", b"impersonate-user", b"impersonate-group", b"impersonate-uid"})
SECRET_PREFIX: Final = b"impersonate-extra-"


async def carry(request: Request, location: Location, target: str, links: Links) -> None:
    """``target`` is path and query as they go on the wire. Raises `ServiceUnavailable` where nobody answers."""
    import httpx

    url = httpx.URL(scheme=location.scheme, host=location.host, port=location.port, raw_path=target.encode("latin-1"))
    timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
    # As in Kubernetes: whoever may use the proxy is led to a server whose certificate nobody vouches for.
    async with httpx.AsyncClient(verify=False, timeout=timeout, trust_env=False, follow_redirects=False) as client:
        client.headers.clear()
        headers = forwarded_headers(request, links)
        body = body_of(request) if has_body(request.scope["headers"]) else None
        asked = client.build_request(request.method, url, headers=headers, content=body)
        try:
            answer = await client.send(asked, stream=True)
        except httpx.TransportError as exc:
            raise ServiceUnavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc
        try:
            await _relay(request, answer, links)
        finally:
            await answer.aclose()


def forwarded_headers(request: Request, links: Links) -> Headers:
    """The client's own, without what is for this hop or proves who asks, and where it came from."""
    kept = [(name, value) for name, value in request.scope["headers"] if not is_private(name)]
    client = request.scope.get("client")
    if client:
        kept.append((b"x-forwarded-for", str(client[0]).encode()))
    uri = f"{links.prefix}/"
    kept += [(b"x-forwarded-uri", uri.encode("latin-1")), (b"x-forwarded-proto", b"https")]
    return [*kept, (b"x-forwarded-host", links.authority.encode("latin-1"))]


def is_private(name: bytes) -> bool:
    return name in HOP_BY_HOP or name in SECRET or name.startswith((SECRET_PREFIX, b"x-forwarded-", b"x-remote-"))


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() not in (b"", b"0"))
        for name, value in headers
    )


async def body_of(request: Request) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if part := message.get("body", b""):
            yield part
        more = message.get("more_body", False)


async def _relay(request: Request, answer: httpx.Response, links: Links) -> None:
    headers = kept_headers(answer)
    headers = [(name, _location(value, links) if name == b"location" else value) for name, value in headers]
    page = None
    if is_page(answer) and request.method != "HEAD":
        page = links.page((await _page(answer)).decode("latin-1")).encode("latin-1", "xmlcharrefreplace")
        headers = [each for each in headers if each[0] not in (b"content-length", b"content-encoding")]
        headers.append((b"content-length", b"%d" % len(page)))
    await request.send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    if page is not None:
        await request.send({"type": "http.response.body", "body": page})
        return
    await send_body(request, answer)


def kept_headers(answer: httpx.Response) -> Headers:
    return [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP]


async def send_body(request: Request, answer: httpx.Response) -> None:
    """As it comes, until it ends or the client leaves."""
    leaving = asyncio.create_task(_hang_up(request))
    sending = asyncio.create_task(_send(request, answer))
    try:
        await asyncio.wait({leaving, sending}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (leaving, sending):
            task.cancel()
        await asyncio.gather(leaving, sending, return_exceptions=True)
    await request.send({"type": "http.response.body", "body": b""})


async def _page(answer: httpx.Response) -> bytes:
    """The whole page, unpacked: a few bytes may have been packed from very many. Raises `ServiceUnavailable`."""
    import httpx

    page = bytearray()
    try:
        async for piece in answer.aiter_bytes():
            page += piece
            if len(page) > LARGEST_PAGE:
                raise ServiceUnavailable(f"error trying to reach service: a page of more than {LARGEST_PAGE} bytes")
    except httpx.HTTPError as exc:
        raise ServiceUnavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc
    return bytes(page)


async def _send(request: Request, answer: httpx.Response) -> None:
    async for piece in answer.aiter_raw():
        await request.send({"type": "http.response.body", "body": piece, "more_body": True})


async def _hang_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def is_page(answer: httpx.Response) -> bool:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    size = answer.headers.get("content-length", "")
    return kind == "text/html" and size.isdecimal() and int(size) <= LARGEST_PAGE


def _location(value: bytes, links: Links) -> bytes:
    return links.link(value.decode("latin-1")).encode("latin-1")
