"""Which IP families a Service has, in a cluster of one family or two. Pure; the rules are kube-apiserver's.

https://kubernetes.io/docs/concepts/services-networking/dual-stack/#services
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from ipaddress import ip_address
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid

HEADLESS = "None"
SINGLE = "SingleStack"
REQUIRED = "RequireDualStack"
Spec = Mapping[str, Any]


def settle_families(spec: MutableMapping[str, Any], old: Spec | None, families: Sequence[str]) -> list[Cause]:
    """Fill in ``ipFamilyPolicy`` and ``ipFamilies``, where the cluster has ``families``, its default first."""
    if spec.get("type") == "ExternalName":
        return []
    addresses = list(spec.get("clusterIPs") or ())
    without_pods = addresses[:1] == [HEADLESS] and not spec.get("selector")
    if spec.get("ipFamilyPolicy") is None:
        spec["ipFamilyPolicy"] = (old or {}).get("ipFamilyPolicy") or (REQUIRED if without_pods else SINGLE)
    policy = spec["ipFamilyPolicy"]
    causes = []
    if old is not None and policy == SINGLE:
        _keep_first(spec, old)
        addresses = list(spec.get("clusterIPs") or ())
    elif old is not None:
        causes += _given_up(spec, old, policy)
    wanted = list(spec.get("ipFamilies") or ())
    if policy == SINGLE:
        causes += _too_many(policy, addresses, wanted)
    causes += _infer(spec, addresses, wanted, families)
    if causes:
        return causes
    if without_pods:
        wanted = wanted or [families[0]]
        if len(wanted) < 2 and policy != SINGLE:
            wanted.append(_other(wanted[0]))
    else:
        if causes := _not_here(policy, wanted, families):
            return causes
        wanted = wanted or [families[0]]
        if policy != SINGLE and len(wanted) == 1 and len(families) == 2:
            wanted.append(_other(wanted[0]))
    spec["ipFamilies"] = wanted
    return []


def _keep_first(spec: MutableMapping[str, Any], old: Spec) -> None:
    """To one family from two: what was not touched is cut by the policy."""
    for field in ("clusterIPs", "ipFamilies"):
        if len(spec.get(field) or ()) > 1 and spec[field] == old.get(field):
            spec[field] = list(spec[field])[:1]


def _given_up(spec: Spec, old: Spec, policy: str) -> list[Cause]:
    """From two families to one: that is for the policy to say."""
    said = "must be 'SingleStack' to release the secondary {}"
    return [
        invalid("spec.ipFamilyPolicy", policy, said.format(what))
        for field, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family"))
        if 0 < len(spec.get(field) or ()) < len(old.get(field) or ())
    ]


def _too_many(policy: str, addresses: Sequence[str], wanted: Sequence[str]) -> list[Cause]:
    said = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
    causes = []
    if len(addresses) == 2:
        causes.append(invalid("spec.ipFamilyPolicy", policy, said.format("cluster IPs")))
    if len(wanted) == 2:
        causes.append(invalid("spec.ipFamilyPolicy", policy, said.format("IP families")))
    return causes


def _infer(spec: Spec, addresses: Sequence[str], wanted: list[str], families: Sequence[str]) -> list[Cause]:
    """Families of the addresses that are asked for. What is no address is left to validation."""
    causes = []
    for index, address in enumerate(addresses):
        if address == HEADLESS:
            break
        if index < len(wanted):
            continue
        try:
            family = f"IPv{ip_address(address).version}"
        except ValueError:
            break
        if family in families:
            wanted.append(family)
        else:
            said = f"{family} is not configured on this cluster"
            causes.append(invalid(f"spec.clusterIPs[{index}]", spec.get("clusterIPs"), said))
    return causes


def _not_here(policy: str, wanted: Sequence[str], families: Sequence[str]) -> list[Cause]:
    causes = []
    if policy == REQUIRED and len(families) < 2:
        said = "this cluster is not configured for dual-stack services"
        causes.append(invalid("spec.ipFamilyPolicy", policy, said))
    known = ("IPv4", "IPv6")  # of others validation says that they are none
    return causes + [
        invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")
        for index, family in enumerate(wanted)
        if family in known and family not in families
    ]


def _other(family: str) -> str:
    return "IPv6" if family == "IPv4" else "IPv4"
