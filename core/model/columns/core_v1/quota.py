"""The columns of ResourceQuotas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _used(*, limits: bool) -> Callable[[Value, datetime], str]:
    """Used and allowed of each resource that is (or is not) about limits."""

    def cell(obj: Value, now: datetime) -> str:
        status = obj.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        names = [name for name in sorted(hard) if name.startswith("limits.") is limits]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return cell


RESOURCE_QUOTA_COLUMNS: Final = (
    NAME,
    Column(name="Request", cell=_used(limits=False)),
    Column(name="Limit", cell=_used(limits=True)),
    AGE,
)
