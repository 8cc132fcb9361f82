"""What takes HTTP requests from outside to pods, entered by name: the Caddy web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.contracts.http_router import HttpRouter, RouterSettings
    from sampan.core.registry import Registry


def make_caddy(settings: RouterSettings) -> HttpRouter:
    """The Caddy web server, from the PATH or as `sampan[ingress]` brings it."""
    from sampan.plugins.ingress.caddy import CaddyRouter

    return CaddyRouter(settings)


def _unavailable() -> str | None:
    from sampan.plugins.ingress.program import find_caddy

    return None if find_caddy() else "there is no caddy on the PATH; `pip install 'sampan[ingress]'` brings it"


def register(registry: Registry) -> None:
    registry.http_router("caddy", make_caddy, unavailable=_unavailable, rank=1)
