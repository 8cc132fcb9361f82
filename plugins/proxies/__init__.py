"""Service proxies: how a service address reaches the pods behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.contracts.proxy import Proxy, ProxySettings
    from sampan.core.registry import Registry


def make_userspace(settings: ProxySettings) -> Proxy:
    """Listeners on service addresses; works with and without root."""
    from sampan.plugins.proxies.userspace.proxy import UserspaceProxy

    return UserspaceProxy(settings)


def register(registry: Registry) -> None:
    registry.proxy("userspace", make_userspace, rank=10)
