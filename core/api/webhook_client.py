"""Ask a webhook over HTTPS: one request, bounded in time and size.

A webhook is named by URL or by a Service; a Service's is reached by an address of a ready pod behind it, so that it works
whichever runtime the pods are on, and without a proxy.
"""

from __future__ import annotations

import asyncio
import base64
import random
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import attrs

from sampan.core.contracts.access import Reader

LONGEST_ANSWER = 3 << 20
"""Bytes. A webhook that says more is no better than one that says nothing."""
DEFAULT_SECONDS = 10


class CallFailed(Exception):
    """The webhook could not be asked, or has not answered as it must."""


@attrs.frozen
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
    return Target(f"https://{_endpoint(reader, namespace, name, port)}{path}", host, shown)


def _endpoint(reader: Reader, namespace: str, name: str, port: int) -> str:
    service = reader.get("services", namespace, name)
    if service is None:
        raise CallFailed(f'service "{name}" not found')
    found = next((each for each in service["spec"].get("ports") or () if each.get("port") == port), None)
    if found is None:
        raise CallFailed(f'no service port {port} found for service "{name}"')
    if service["spec"].get("type") == "ExternalName":
        return f"{service['spec'].get('externalName')}:{port}"
    ready: list[str] = list(_ready(reader, namespace, name, found.get("name") or ""))
    if not ready:
        raise CallFailed(f'no endpoints available for service "{name}"')
    return random.choice(ready)


def _ready(reader: Reader, namespace: str, name: str, port_name: str) -> Iterator[str]:
    for part in reader.list("endpointslices.discovery.k8s.io", namespace):
        labels = part["metadata"].get("labels") or {}
        if labels.get("kubernetes.io/service-name") != name:
            continue
        numbers = [each.get("port") for each in part.get("ports") or () if (each.get("name") or "") == port_name]
        for endpoint in part.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready", True) and numbers:
                address = endpoint["addresses"][0]
                yield f"[{address}]:{numbers[0]}" if ":" in address else f"{address}:{numbers[0]}"


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
