"""Checks on resource requests and limits of containers and pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, forbidden, invalid, not_found, not_supported, required
from sampan.core.model.quantity import canonical, compare, parse, value
from sampan.core.model.rules.core_v1.resource_names import (
    HUGE_PAGES,
    may_overcommit,
    validate_amount,
    validate_container_resource_name,
)

Value = Mapping[str, Any]

RESIZABLE: Final = ("cpu", "memory")
RESIZE_POLICIES: Final = ("NotRequired", "RestartContainer")


def validate_resources(
    resources: Value,
    path: str,
    claims: frozenset[str] = frozenset(),
    name_causes: Callable[[str, str], list[Cause]] = validate_container_resource_name,
) -> list[Cause]:
    """Limits, then requests, then what has no limit it needs. ``claims``: the names of the pod's resource claims."""
    causes = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name in limits:
        causes += name_causes(name, f"{path}.limits[{name}]")
        causes += validate_amount(name, limits[name], f"{path}.limits[{name}]")
        causes += _pages(name, limits[name], f"{path}.limits[{name}]")
    has_cpu_or_memory = bool({"cpu", "memory"} & (limits.keys() | requests.keys()))
    needs_cpu_or_memory = False
    for name in requests:
        causes += name_causes(name, f"{path}.requests[{name}]")
        causes += validate_amount(name, requests[name], f"{path}.requests[{name}]")
        causes += _against_limit(name, requests[name], limits.get(name), path)
        causes += _pages(name, requests[name], f"{path}.requests[{name}]")
        needs_cpu_or_memory |= name.startswith(HUGE_PAGES)
    if (needs_cpu_or_memory or any(name.startswith(HUGE_PAGES) for name in limits)) and not has_cpu_or_memory:
        causes.append(forbidden(path, "HugePages require cpu or memory"))
    return causes + _claims(resources.get("claims") or (), claims, f"{path}.claims")


def _pages(name: str, amount: Any, path: str) -> list[Cause]:
    """Huge pages are taken whole."""
    if not name.startswith(HUGE_PAGES):
        return []
    try:
        size = parse(name.removeprefix(HUGE_PAGES)).number
    except ValueError:
        size = Decimal(0)
    if size > 0 and size == size.to_integral_value() and value(amount) % int(size) == 0:
        return []
    shown = canonical(amount)
    return [invalid(path, shown, f"{shown} is not positive integer multiple of {name}")]


def _against_limit(name: str, request: Any, limit: Any, path: str) -> list[Cause]:
    where = f"{path}.requests"
    overcommits = may_overcommit(name)
    if limit is None:
        return [] if overcommits else [required(f"{path}.limits", "Limit must be set for non overcommitable resources")]
    if not overcommits and compare(request, limit) != 0:
        return [invalid(where, canonical(request), f"must be equal to {name} limit of {canonical(limit)}")]
    if compare(request, limit) > 0:
        return [invalid(where, canonical(request), f"must be less than or equal to {name} limit of {canonical(limit)}")]
    return []


def _claims(used: Sequence[Value], known: frozenset[str], path: str) -> list[Cause]:
    causes, seen = [], set()
    for index, claim in enumerate(used):
        name, where = claim.get("name") or "", f"{path}[{index}]"
        if not name:
            causes.append(required(where))
            continue
        key = (name, claim.get("request") or "")
        if key in seen:
            causes.append(duplicate(where, name))
        seen.add(key)
        if name not in known:
            causes.append(not_found(where, name))
    return causes


def validate_resize_policy(policies: Sequence[Value], path: str, pod_restart_policy: str) -> list[Cause]:
    causes, seen = [], set()
    for index, policy in enumerate(policies):
        resource, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if resource in seen:
            causes.append(duplicate(f"{path}[{index}]", resource))
        seen.add(resource)
        for given, known in ((resource, RESIZABLE), (restart, RESIZE_POLICIES)):
            if not given:
                causes.append(required(path))
            elif given not in known:
                causes.append(not_supported(path, given, known))
        if pod_restart_policy == "Never" and restart != "NotRequired":
            causes.append(invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    return causes
