"""Ask webhooks, named by URL or by a Service, over HTTPS: each request bounded in time and size."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sampan.core.api.service_endpoints import NoEndpoint, service_endpoint
from sampan.core.api.webhook_connections import Answer, TooLong, UnusableBundle, WebhookConnections
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


class WebhookClient:
    """One per API server, on its loop: connections are kept from call to call."""

    def __init__(self, reader: Reader) -> None:
        """``reader`` knows the Services and where their pods are."""
        self._reader = reader
        self._connections = WebhookConnections()

    async def post(
        self, config: Mapping[str, Any], body: Mapping[str, Any], seconds: float, *, longest: int = LONGEST_ANSWER
    ) -> Any:
        """The answer of the webhook of a ``clientConfig``, as a JSON value.

        Raises `CallFailed` with what went wrong, in Kubernetes' words.
        """
        import httpx
        import orjson

        aim = target(config, self._reader, seconds)
        try:
            url = httpx.URL(aim.url).copy_merge_params({"timeout": f"{seconds:g}s"})
            connections = self._connections.to(aim.host, config.get("caBundle") or "")
            async with asyncio.timeout(seconds):
                answer = await connections.post(url, orjson.dumps(body), longest)
            return _value(answer)
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable(f'Post "{aim.shown}": context deadline exceeded') from None
        except httpx.ConnectError as error:
            raise Unreachable(f'Post "{aim.shown}": {_why_not(error, aim)}') from error
        except (UnusableBundle, TooLong) as error:
            raise CallFailed(str(error)) from None
        except CallFailed:
            raise
        except Exception as error:  # whatever a network, a certificate or a stranger's server can do
            raise CallFailed(f'Post "{aim.shown}": {error or type(error).__name__}') from error

    async def close(self) -> None:
        """Idempotent."""
        await self._connections.close()


def _value(answer: Answer) -> Any:
    import orjson

    if not 200 <= answer.code <= 206:
        raise CallFailed(_refusal(answer.code, answer.content_type, answer.body))
    if not answer.body:
        raise CallFailed(f"0-length response with status code: {answer.code} and content type: {answer.content_type}")
    try:
        return orjson.loads(answer.body)
    except ValueError as error:
        raise CallFailed(f"couldn't get version/kind; json parse error: {error}") from None


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
