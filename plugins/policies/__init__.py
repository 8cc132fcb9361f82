"""What enforces NetworkPolicies, entered by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sampan.core.contracts.policy import EnforcerSettings, PolicyEnforcer
    from sampan.core.registry import Registry


def make_nftables(settings: EnforcerSettings) -> PolicyEnforcer:
    """Rules for the kernel; needs root, and bridges that show their packets."""
    from sampan.plugins.policies.nftables import NftablesEnforcer

    return NftablesEnforcer(settings)


def _unavailable() -> str | None:
    from sampan.plugins.policies.nftables import unavailable

    return unavailable()


def register(registry: Registry) -> None:
    registry.policy_enforcer("nftables", make_nftables, unavailable=_unavailable, rank=1)
