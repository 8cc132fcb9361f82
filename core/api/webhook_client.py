"""Ask a webhook, named by URL or by a Service, over HTTPS: one request, bounded in time and size."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from sampan.core.api.service_endpoints import NoEndpoint, service_endpoint
from sampan.core.classes import frozen
from sampan.core.contracts.access import Reader
from sampan.core.model.causes import quoted

LONGEST_ANSWER = 3 << 20
"""Bytes. A webhook that says more is no better than one that says nothing."""
DEFAULT_SECONDS = 10


class CallFailed(Exception):
    """The webhook could not be asked, or has not answered as it must."""


class Unreachable(CallFailed):
    """It gave no answer at all, whatever it was asked."""


@frozen
class Target:
    url: str
    host: str
    """The name that its certificate must have."""
    shown: str
    """The address as messages tell it."""


def target(config: Mapping[str, Any], reader: Reader, seconds: float) -> Target:
    """Raises `CallFailed` for a Service without a ready pod."""
    if config.get("url"):
        url = config["url"]
        return Target(url, urlsplit(url).hostname or "", f"{url}?timeout={seconds:g}s")
    service = config.get("service") or {}
    namespace, name, port = service.get("namespace", ""), service.get("name", ""), service.get("port") or 443
    path = service.get("path") or "/"
    host = f"{name}.{namespace}.svc"
    shown = f"https://{host}:{port}{path}?timeout={seconds:g}s"
    try:
        return Target(f"https://{service_endpoint(reader, namespace, name, port)}{path}", host, shown)
    except NoEndpoint as exc:
        raise Unreachable(f'Post "{shown}": {exc}') from None


async def post(
    config: Mapping[str, Any], reader: Reader, body: Mapping[str, Any], seconds: float, *, longest: int = LONGEST_ANSWER
) -> Any:
    """The webhook's answer as a JSON value. Raises `CallFailed` with what went wrong, in Kubernetes' words."""
    import httpx

    aim = target(config, reader, seconds)
    try:
        async with asyncio.timeout(seconds):
            return await _post(aim, config.get("caBundle") or "", body, seconds, longest)
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable(f'Post "{aim.shown}": context deadline exceeded') from None
    except httpx.ConnectError as error:
        raise Unreachable(f'Post "{aim.shown}": {_why_not(error, aim)}') from error
    except CallFailed:
        raise
    except Exception as error:  # whatever a network, a certificate or a stranger's server can do
        raise CallFailed(f'Post "{aim.shown}": {error or type(error).__name__}') from error


async def _post(aim: Target, ca_bundle: str, body: Mapping[str, Any], seconds: float, longest: int) -> Any:
    import httpx
    import orjson

    headers = {"Content-Type": "application/json", "Accept": "application/json", "Host": aim.host}
    async with (
        _Connections() as connections,
        httpx.AsyncClient(verify=_context(ca_bundle), trust_env=False, timeout=seconds) as client,
        client.stream(
            "POST",
            aim.url,
            params={"timeout": f"{seconds:g}s"},
            headers=headers,
            content=orjson.dumps(body),
            extensions={"sni_hostname": aim.host, "trace": connections.notice},
        ) as response,
    ):
        answer = bytearray()
        async for chunk in response.aiter_bytes():
            answer += chunk
            if len(answer) > longest:
                raise CallFailed(f"the answer is longer than {longest} bytes")
    if not 200 <= response.status_code <= 206:
        raise CallFailed(_refusal(response.status_code, response.headers.get("Content-Type", ""), bytes(answer)))
    if not answer:
        content_type = response.headers.get("Content-Type", "")
        raise CallFailed(f"0-length response with status code: {response.status_code} and content type: {content_type}")
    try:
        return orjson.loads(bytes(answer))
    except ValueError as error:
        raise CallFailed(f"couldn't get version/kind; json parse error: {error}") from None


class _Connections:
    """Those of one request, closed where it is given up: the HTTP client forgets one that shakes hands just then."""

    def __init__(self) -> None:
        self._opened: list[Any] = []

    async def notice(self, event: str, about: Mapping[str, Any]) -> None:
        """Told by the HTTP client of all that it does."""
        if event == "connection.connect_tcp.complete":
            self._opened.append(about["return_value"])

    async def __aenter__(self) -> _Connections:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            for stream in self._opened:
                await stream.aclose()


UNTRUSTED: Final = (18, 19, 20, 21)
OUT_OF_DATE: Final = (9, 10)
"""OpenSSL's numbers of what is wrong with a certificate."""


def _why_not(error: BaseException, aim: Target) -> str:
    """What keeps a connection from being made, in Go's words where it is one of the usual ways."""
    causes, cause = [error], error.__cause__ or error.__context__
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    for each in causes:
        if isinstance(each, ConnectionRefusedError) or (isinstance(each, OSError) and "refused" in str(each)):
            return f"dial tcp {urlsplit(aim.url).netloc}: connect: connection refused"
        if isinstance(each, ssl.SSLCertVerificationError):
            if each.verify_code in UNTRUSTED:
                return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
            if each.verify_code in OUT_OF_DATE:
                return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
            return f"tls: failed to verify certificate: x509: {each.verify_message}"
    return str(error) or type(error).__name__


REFUSALS: Final = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    406: "the server was unable to respond with a content type that the client supports",
    409: "the server reported a conflict",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}
LONGEST_QUOTE: Final = 2048


def _refusal(code: int, content_type: str, body: bytes) -> str:
    """What Kubernetes' clients say of an answer that is none: a ``Status``' own words, or what the code stands for."""
    import orjson

    with contextlib.suppress(ValueError):
        status = orjson.loads(body)
        if isinstance(status, Mapping) and (status.get("kind"), status.get("status")) == ("Status", "Failure"):
            return str(status.get("message") or "")
    is_text = not content_type or content_type.startswith("text/")
    said = body[:LONGEST_QUOTE].decode(errors="replace").strip() if is_text else "unknown"
    if code in (403, 415) or (code == 406 and said not in ("", "unknown")):
        return said
    if code in REFUSALS:
        return REFUSALS[code]
    if code >= 500:
        return f"an error on the server ({quoted(said)}) has prevented the request from succeeding"
    return f"the server responded with the status code {code} but did not return more information"


@lru_cache(maxsize=64)
def _context(ca_bundle: str) -> ssl.SSLContext:
    """Trusts the given certificates alone, or what the host trusts."""
    if not ca_bundle:
        return ssl.create_default_context()
    try:
        pem = base64.b64decode(ca_bundle).decode()
        return ssl.create_default_context(cadata=pem)
    except (ValueError, ssl.SSLError) as error:
        raise CallFailed(f"unable to load root certificates: {error}") from None
