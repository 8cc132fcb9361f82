"""The addresses and address families of a Service: what they must be, and what of them may change."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.address_formats import read_address
from sampan.core.model.causes import duplicate, invalid, malformed, not_supported, required
from sampan.core.model.rules.core_v1.service_defaults import (
    HEADLESS,
    is_headless,
)

Value = Mapping[str, Any]

FAMILIES: Final = ("IPv4", "IPv6")
FAMILY_POLICIES: Final = ("PreferDualStack", "RequireDualStack", "SingleStack")
LINK_LOCAL_GROUPS: Final = (ip_network("224.0.0.0/24"), ip_network("ff02::/16"))
ONCE: Final = "may not change once set"


def validate_cluster_ips(spec: Value) -> list[Cause]:
    """Looked at before an address is taken: what is wrong here is all that is said."""
    first, addresses, path = spec.get("clusterIP") or "", list(spec.get("clusterIPs") or ()), "spec.clusterIPs"
    causes = []
    if not first and addresses:
        causes.append(invalid(path, addresses, "must be empty when `clusterIP` is not specified"))
    elif first and not addresses:
        causes.append(required(path))
    elif first and addresses[0] != first:
        causes.append(invalid(path, addresses, "first value must match `clusterIP`"))
    causes += _families(spec)
    broken = False
    for index, address in enumerate(addresses):
        if index == 0 and address == HEADLESS:
            if len(addresses) > 1:
                broken = True
                causes.append(invalid(path, addresses, "'None' must be the first and only value"))
            continue
        found = malformed(f"{path}[{index}]", address, "ip")
        broken |= bool(found)
        causes += found
    if len(addresses) > 2:
        causes.append(invalid(path, addresses, "may only hold up to 2 values"))
    if broken:
        return causes
    versions = [ip_address(address).version for address in addresses if address != HEADLESS]
    if len(versions) > 1 and len(set(versions)) < 2:
        causes.append(invalid(path, addresses, "may specify no more than one IP for each IP family"))
    if not causes:
        for index, (version, family) in enumerate(zip(versions, spec.get("ipFamilies") or (), strict=False)):
            if family != f"IPv{version}":
                words = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
                causes.append(invalid(f"{path}[{index}]", addresses[index], words))
    return causes


def _families(spec: Value) -> list[Cause]:
    causes = []
    seen: set[str] = set()
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        where = f"spec.ipFamilies[{index}]"
        if family not in FAMILIES:
            causes.append(not_supported(where, family, FAMILIES))
        if family in seen:
            causes.append(duplicate(where, family))
        seen.add(family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in FAMILY_POLICIES:
        causes.append(not_supported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES))
    return causes


def special_address(text: str, path: str, *, loopback: bool = False) -> list[Cause]:
    """Addresses that cannot be another machine's: unspecified, loopback (unless allowed), link-local."""
    address = read_address(text)
    assert address is not None, "looked at before"
    address = getattr(address, "ipv4_mapped", None) or address
    causes = []
    if address.is_unspecified:
        causes.append(invalid(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback and not loopback:
        causes.append(invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        causes.append(invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if any(address in each for each in LINK_LOCAL_GROUPS if each.version == address.version):
        causes.append(invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
    return causes


def cluster_ip_changes(spec: Value, old: Value) -> list[Cause]:
    if "ExternalName" in (spec.get("type"), old.get("type")) or (is_headless(spec) and is_headless(old)):
        return []
    new_list, old_list, path = list(spec.get("clusterIPs") or ()), list(old.get("clusterIPs") or ()), "spec.clusterIPs"
    if len(new_list) == len(old_list):
        pairs = enumerate(zip(new_list, old_list, strict=True))
        return [invalid(f"{path}[{index}]", new_list, ONCE) for index, (new, before) in pairs if new != before]
    if not new_list:
        return [invalid(f"{path}[0]", new_list, "primary clusterIP can not be unset")]
    causes = []
    if old_list and new_list[0] != old_list[0]:
        causes.append(invalid(f"{path}[0]", new_list, ONCE))
    if len(new_list) < len(old_list) and spec.get("ipFamilyPolicy") != "SingleStack":
        words = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        causes.append(invalid("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), words))
    return causes


def family_changes(spec: Value, old: Value) -> list[Cause]:
    """A headless Service has no addresses of its families, and may change them."""
    new, before = list(spec.get("ipFamilies") or ()), list(old.get("ipFamilies") or ())
    if "ExternalName" in (spec.get("type"), old.get("type")) or is_headless(spec) or is_headless(old):
        return []
    return [invalid("spec.ipFamilies[0]", new, ONCE) for a, b in zip(new, before, strict=False) if a != b]
