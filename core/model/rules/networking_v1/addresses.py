"""IPAddress and ServiceCIDR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import IMMUTABLE, changed, invalid, malformed, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.addresses import network
from sampan.core.model.rules.common.carry_over import META
from sampan.core.model.rules.common.metadata import path_segment
from sampan.core.model.rules.common.references import validate_segments

Value = Mapping[str, Any]

ONE_OF_EACH: Final = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


class IpAddressRules(KindRules):
    revalidates_metadata = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        new, before = ((each.get("spec") or {}).get("parentRef") for each in (obj, old))
        if new == before:
            return ()
        return changed("spec.parentRef", None if new is None else _as_kept(new), before)


def _as_kept(parent: Value) -> Value:
    """The reference under the names that Kubernetes' messages use."""
    return {word.capitalize(): parent.get(word) or "" for word in ("group", "resource", "namespace", "name")}


def validate_ip_address(obj: Value, path: str) -> list[Cause]:
    parent, where = (obj.get("spec") or {}).get("parentRef"), "spec.parentRef"
    if parent is None:
        return [required(where)]
    causes = malformed(f"{where}.group", parent["group"], "dns1123-subdomain") if parent.get("group") else []
    causes += validate_segments(parent, where, "resource", "name")
    namespace = parent.get("namespace") or ""
    return causes + [invalid(f"{where}.namespace", namespace, problem) for problem in path_segment(namespace)]


class ServiceCidrRules(KindRules):
    status_keeps = META

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        return _ranges(obj)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """Only a range of the other family may be added, and only then are they looked at."""
        if subresource:
            return ()
        new, before = ((each.get("spec") or {}).get("cidrs") or [] for each in (obj, old))
        added = len(before) == 1 and len(new) == 2
        if len(new) != len(before) and not added:
            return [invalid("spec.cidrs", new, IMMUTABLE)]
        causes = [
            invalid(f"spec.cidrs[{index}]", text, IMMUTABLE)
            for index, (text, was) in enumerate(zip(new, before, strict=False))
            if text != was
        ]
        return causes + _ranges(obj) if added else causes


def _ranges(obj: Value) -> list[Cause]:
    path = "spec.cidrs"
    texts = (obj.get("spec") or {}).get("cidrs") or []
    if not texts:
        return [required(path, "at least one CIDR required")]
    if len(texts) > 2:
        return [invalid(path, {"CIDRs": texts}, "may only hold up to 2 values")]
    causes = [cause for i, text in enumerate(texts) for cause in malformed(f"{path}[{i}]", text, "canonical-cidr")]
    networks = [network(text) for text in texts]
    families = [each.version for each in networks if each is not None]
    if len(families) == 2 and families[0] == families[1]:
        causes.append(invalid(path, texts, ONE_OF_EACH))
    return causes
