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


def make_nftables(settings: ProxySettings) -> Proxy:
    """Rules for the kernel, which carries the traffic by itself; needs root."""
    from sampan.plugins.proxies.nftables.proxy import NftablesProxy

    return NftablesProxy(settings)


def _nftables_unavailable() -> str | None:
    from sampan.plugins.proxies.nftables.available import unavailable

    return unavailable()


def register(registry: Registry) -> None:
    registry.proxy("nftables", make_nftables, unavailable=_nftables_unavailable, rank=5, dual_stack=True)
    registry.proxy("userspace", make_userspace, rank=10, balances=True, dual_stack=True)
