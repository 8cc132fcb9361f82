"""The client protocol towards an aggregated API server: as over HTTPS, over the connections that there are to it anyhow."""

from __future__ import annotations

import httpx

from sampan.core.api.aggregation.identity import identity_headers
from sampan.core.api.aggregation.link import Link, LinkFailed
from sampan.core.api.service_endpoints import NoEndpoint
from sampan.core.client.http import REQUEST_TIMEOUT, HttpClient
from sampan.core.contracts.access import User
from sampan.core.kubeconfig import Access


class LinkedClient(HttpClient):
    """In the name of ``user``, who may do what is asked for. Costs nothing to make, and has nothing to close."""

    def __init__(self, link: Link, user: User, user_agent: str) -> None:
        self._link = link
        self._user = user
        host = link.extension.host
        super().__init__(Access(name=host, server=f"https://{host}", ca_pem="", token=""), user_agent=user_agent)

    def _connect(self, access: Access) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=_LinkTransport(self._link, self._user),
            base_url=access.server,
            headers={"User-Agent": self._user_agent},
            timeout=REQUEST_TIMEOUT,
            trust_env=False,
        )


class _LinkTransport(httpx.AsyncBaseTransport):
    def __init__(self, link: Link, user: User) -> None:
        self._link = link
        self._user = user

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        headers = [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"host"]
        try:
            answer = await self._link.open(
                request.method,
                request.url.raw_path.decode("latin-1"),
                [*headers, *identity_headers(self._user)],
                await request.aread() or None,
                request.extensions.get("timeout", {}).get("read"),
            )
        except (NoEndpoint, LinkFailed) as exc:
            raise httpx.ConnectError(str(exc)) from exc
        return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=answer.stream)
