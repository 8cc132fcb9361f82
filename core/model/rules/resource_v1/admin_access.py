"""Access to devices that others use, for administrators: only in namespaces that a label makes theirs.

https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden

Value = Mapping[str, Any]

LABEL: Final = "resource.kubernetes.io/admin-access"
REFUSAL: Final = f"admin access to devices requires the `{LABEL}: true` label on the containing namespace"


def needed_for_requests(spec: Value) -> Iterable[tuple[str, Cause]]:
    """What a claim's requests need; Kubernetes names the first one, and always at this place."""
    requests = (spec.get("devices") or {}).get("requests") or ()
    return _first([(each.get("exactly") or {}).get("adminAccess") for each in requests], "spec.devices.requests")


def needed_for_results(status: Value, before: Value) -> Iterable[tuple[str, Cause]]:
    """What an allocation needs that gives such access and did not before."""
    if any(_given(before)):
        return ()
    return _first(_given(status), "status.allocation.devices.results")


def _given(status: Value) -> list[Any]:
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or ()
    return [each.get("adminAccess") for each in results]


def _first(wanted: Sequence[Any], path: str) -> Iterable[tuple[str, Cause]]:
    if True in wanted:
        yield LABEL, forbidden(f"{path}[{wanted.index(True)}].adminAccess", REFUSAL)
