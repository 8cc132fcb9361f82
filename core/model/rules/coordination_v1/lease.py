"""Lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, negative, not_supported, required

Value = Mapping[str, Any]

LEASE_STRATEGIES: Final = ("OldestEmulationVersion",)


def validate_lease(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    causes += negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    strategy, holder = spec.get("strategy"), spec.get("preferredHolder")
    if strategy is not None:
        causes += malformed("spec.strategy", strategy, "qualified-name") if "/" in strategy else []
        if "/" not in strategy and strategy not in LEASE_STRATEGIES:
            causes.append(not_supported("spec.strategy", strategy, LEASE_STRATEGIES))
    if holder and strategy is None:
        words = "may only be specified if `strategy` is defined"
        causes.append(invalid("spec.preferredHolder", holder, words))
    if spec.get("holderIdentity") == "":
        causes.append(required("spec.holderIdentity", "must not be empty"))
    return causes
