"""The connections to one aggregated API server. On the API server's loop."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Final

from sampan.core.api.aggregation.identity import AGGREGATOR, Headers, identity_headers
from sampan.core.api.aggregation.registered import Extension
from sampan.core.api.service_endpoints import service_endpoint
from sampan.core.classes import frozen
from sampan.core.config import FrontProxy
from sampan.core.contracts.access import Reader

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 30.0
FETCH_SECONDS: Final = 5.0
LONGEST_DOCUMENT: Final = 32 * 1024 * 1024
"""Bytes of discovery or OpenAPI that are taken from another server."""


class LinkFailed(Exception):
    """The server could not be asked, or has not answered as it must."""


@frozen
class Fetched:
    code: int
    content_type: str
    tag: str
    body: bytes


class Link:
    def __init__(self, extension: Extension, reader: Reader, proxy: FrontProxy | None) -> None:
        self.extension = extension
        self._reader = reader
        self._proxy = proxy
        self._client: httpx.AsyncClient | None = None
        self._context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """Raises `LinkFailed` for certificates that are none."""
        if self._context is None:
            self._context = _tls_context(self.extension, self._proxy)
        return self._context

    def address(self) -> tuple[str, int]:
        """Of a ready endpoint, whichever. Raises `NoEndpoint`."""
        extension = self.extension
        found = service_endpoint(self._reader, extension.namespace, extension.service, extension.port)
        host, _, port = found.rpartition(":")
        return host.strip("[]"), int(port)

    async def open(
        self,
        method: str,
        target: str,
        headers: Headers,
        content: AsyncIterator[bytes] | bytes | None = None,
        read_seconds: float | None = None,
    ) -> httpx.Response:
        """The answer, whose body is yet to be read, and which is to be closed. Redirects are not followed.

        ``target`` is path and query; ``read_seconds`` bounds the silence. Raises `NoEndpoint`, `LinkFailed`, and
        `httpx.TransportError`.
        """
        import httpx

        host, port = self.address()
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=self.context,
                timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
                trust_env=False,
                follow_redirects=False,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one user's are no other's
            )
            self._client.headers.clear()
        url = httpx.URL(scheme="https", host=host, port=port, raw_path=target.encode("latin-1"))
        whole = [(b"host", self.extension.host.encode()), *headers]
        extensions = {"sni_hostname": self.extension.host}
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS, read=read_seconds)
        asked = self._client.build_request(
            method, url, headers=whole, content=content, extensions=extensions, timeout=timeout
        )
        return await self._client.send(asked, stream=True)

    async def fetch(self, path: str, accept: str, tag: str = "") -> Fetched:
        """A document, in this server's own name. Raises `NoEndpoint`, and `LinkFailed` in Kubernetes' words."""
        host, port = self.address()
        where = f"https://{host}:{port}{path}"
        headers = [*identity_headers(AGGREGATOR), (b"accept", accept.encode())]
        if tag:
            headers.append((b"if-none-match", tag.encode()))
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._read(await self.open("GET", path, headers))
        except TimeoutError:
            raise LinkFailed(f'Get "{where}": context deadline exceeded') from None
        except (LinkFailed, OSError) as exc:
            raise LinkFailed(f'Get "{where}": {exc or type(exc).__name__}') from exc
        except Exception as exc:  # whatever a network, a certificate or a stranger's server can do
            raise LinkFailed(f'Get "{where}": {exc or type(exc).__name__}') from exc

    async def _read(self, answer: httpx.Response) -> Fetched:
        body = bytearray()
        try:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > LONGEST_DOCUMENT:
                    raise LinkFailed(f"the answer is longer than {LONGEST_DOCUMENT} bytes")
        finally:
            await answer.aclose()
        headers = answer.headers
        return Fetched(answer.status_code, headers.get("content-type", ""), headers.get("etag", ""), bytes(body))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _tls_context(extension: Extension, proxy: FrontProxy | None) -> ssl.SSLContext:
    try:
        pem = base64.b64decode(extension.ca_bundle).decode() if extension.ca_bundle else None
        context = ssl.create_default_context(cadata=pem)
        if proxy is not None:
            context.load_cert_chain(proxy.certificate_file, proxy.key_file)
    except (ValueError, OSError) as exc:  # ssl.SSLError is an OSError
        raise LinkFailed(f"unable to load root certificates: {exc}") from None
    if extension.trusts_all:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
