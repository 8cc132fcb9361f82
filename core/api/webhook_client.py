"""Ask a webhook, named by URL or by a Service, over HTTPS: one request, bounded in time and size."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from sampan.core.api.service_endpoints import NoEndpoint, service_endpoint
from sampan.core.classes import frozen
from sampan.core.contracts.access import Reader

LONGEST_ANSWER = 3 << 20
"""Bytes. A webhook that says more is no better than one that says nothing."""
DEFAULT_SECONDS = 10


class CallFailed(Exception):
    """The webhook could not be asked, or has not answered as it must."""


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
        raise CallFailed(str(exc)) from None


async def post(
    config: Mapping[str, Any], reader: Reader, body: Mapping[str, Any], seconds: float, *, longest: int = LONGEST_ANSWER
) -> Any:
    """The webhook's answer as a JSON value. Raises `CallFailed` with what went wrong, in Kubernetes' words."""
    aim = target(config, reader, seconds)
    try:
        async with asyncio.timeout(seconds):
            return await _post(aim, config.get("caBundle") or "", body, seconds, longest)
    except TimeoutError:
        raise CallFailed(f'Post "{aim.shown}": context deadline exceeded') from None
    except CallFailed:
        raise
    except Exception as error:  # whatever a network, a certificate or a stranger's server can do
        raise CallFailed(f'Post "{aim.shown}": {error or type(error).__name__}') from error


async def _post(aim: Target, ca_bundle: str, body: Mapping[str, Any], seconds: float, longest: int) -> Any:
    import httpx
    import orjson

    headers = {"Content-Type": "application/json", "Accept": "application/json", "Host": aim.host}
    async with (
        httpx.AsyncClient(verify=_context(ca_bundle), trust_env=False, timeout=seconds) as client,
        client.stream(
            "POST",
            aim.url,
            params={"timeout": f"{seconds:g}s"},
            headers=headers,
            content=orjson.dumps(body),
            extensions={"sni_hostname": aim.host},
        ) as response,
    ):
        answer = bytearray()
        async for chunk in response.aiter_bytes():
            answer += chunk
            if len(answer) > longest:
                raise CallFailed(f"the answer is longer than {longest} bytes")
    if response.status_code != 200:
        raise CallFailed(f"the server responded with the status code {response.status_code} but did not return more")
    try:
        return orjson.loads(bytes(answer))
    except ValueError as error:
        raise CallFailed(f"couldn't get version/kind; json parse error: {error}") from None


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
