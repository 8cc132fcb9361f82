"""Carry one request to an aggregated API server and its answer back, in the name of who asks. On the API server's loop.

Who asks has proved it to this server, and been allowed: the other one is told by headers, which it believes because of this
server's client certificate.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sampan.core.api.aggregation.identity import Headers, identity_headers
from sampan.core.api.aggregation.link import Link, LinkFailed
from sampan.core.api.headers import AUDIT_ID
from sampan.core.api.problems import PlainRefusal
from sampan.core.api.proxy.carry import body_of, has_body, is_private, kept_headers, send_body
from sampan.core.api.request import Request
from sampan.core.api.service_endpoints import NoEndpoint

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

DISCOVERY_SECONDS: Final = 5.0
"""What clients ask for first of all must not wait for a server that does not answer."""


class Unavailable(PlainRefusal):
    code = 503


class BadGateway(PlainRefusal):
    code = 502


async def forward(request: Request, link: Link) -> None:
    """Raises `Unavailable` where nobody answers, `BadGateway` for a redirect: who asks has no business elsewhere."""
    answer = await _ask(request, link)
    try:
        if 300 <= answer.status_code < 400 and "location" in answer.headers:
            raise BadGateway("the backend attempted to redirect this request, which is not permitted")
        headers = [pair for pair in kept_headers(answer) if pair[0] != AUDIT_ID]  # this server's own goes out
        await request.send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send_body(request, answer)
    finally:
        await answer.aclose()


async def _ask(request: Request, link: Link) -> httpx.Response:
    import httpx

    body = body_of(request) if has_body(request.scope["headers"]) else None
    headers = forwarded_headers(request)
    seconds = None if request.target.form == "resource" else DISCOVERY_SECONDS
    try:
        async with asyncio.timeout(seconds):
            return await link.open(request.method, target_of(request), headers, body)
    except NoEndpoint as exc:
        log.info("%s cannot be asked: %s", link.extension.host, exc)
        raise Unavailable("service unavailable") from exc
    except TimeoutError as exc:
        raise Unavailable("error trying to reach service: context deadline exceeded") from exc
    except (LinkFailed, httpx.TransportError, OSError) as exc:
        raise Unavailable(f"error trying to reach service: {exc or type(exc).__name__}") from exc


def target_of(request: Request) -> str:
    """Path and query as they came."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.target.path}{'?' if query else ''}{query}"


def forwarded_headers(request: Request) -> Headers:
    """The client's own, without what is for this hop or proves who asks; and in whose name."""
    kept = [pair for pair in request.scope["headers"] if pair[0] != b"host" and not is_private(pair[0])]
    client = request.scope.get("client")
    if client:
        kept.append((b"x-forwarded-for", str(client[0]).encode()))
    return [*kept, *identity_headers(request.user)]
