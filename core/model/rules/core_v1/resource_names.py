"""What a resource may be called, and which amounts of it make sense: in containers, quotas and limit ranges.

Names without a domain are Kubernetes' own. A name with another domain is an *extended resource*: something that is counted
in whole pieces, such as devices.
"""

from __future__ import annotations

from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed
from sampan.core.model.quantity import canonical, parse

CONTAINER_RESOURCES: Final = frozenset({"cpu", "ephemeral-storage", "memory"})
COUNTED_RESOURCES: Final = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
QUOTA_RESOURCES: Final = (
    CONTAINER_RESOURCES
    | COUNTED_RESOURCES
    | {f"requests.{name}" for name in CONTAINER_RESOURCES | {"storage"}}
    | {f"limits.{name}" for name in CONTAINER_RESOURCES}
)
STANDARD_RESOURCES: Final = QUOTA_RESOURCES | {"storage"}
WHOLE_ONLY: Final = "must be an integer"
NOT_STANDARD: Final = "must be a standard resource type or fully qualified"
HUGE_PAGES: Final = "hugepages-"


def is_native(name: str) -> bool:
    """Kubernetes' own."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Somebody else's, whose quota (``requests.…``) has a well-formed name too."""
    return not is_native(name) and not name.startswith("requests.") and not formats.qualified_name(f"requests.{name}")


def may_overcommit(name: str) -> bool:
    """Whether limits may be above requests."""
    return is_native(name) and not name.startswith(HUGE_PAGES)


def is_quota_resource(name: str) -> bool:
    """Whether the quota controller itself knows how to count it."""
    return name in QUOTA_RESOURCES or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


def validate_resource_name(name: str, path: str) -> list[Cause]:
    causes = malformed(path, name, "qualified-name")
    if causes or "/" in name or name in STANDARD_RESOURCES or is_quota_resource(name):
        return causes
    return [invalid(path, name, NOT_STANDARD)]


def validate_container_resource_name(name: str, path: str) -> list[Cause]:
    causes = validate_resource_name(name, path)
    if "/" not in name:
        if name not in CONTAINER_RESOURCES and not name.startswith(HUGE_PAGES):
            causes.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        causes.append(invalid(path, name, "doesn't follow extended resource name standard"))
    return causes


def validate_amount(name: str, amount: Any, path: str) -> list[Cause]:
    """Not negative, and whole where half of it means nothing (pods, devices)."""
    number = parse(amount).number
    shown = canonical(amount)
    causes = [] if number >= 0 else [invalid(path, shown, "must be greater than or equal to 0")]
    if (name in COUNTED_RESOURCES or is_extended(name)) and number != number.to_integral_value():
        causes.append(invalid(path, shown, WHOLE_ONLY))
    return causes
