"""The columns of Namespaces."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

NAMESPACE_COLUMNS: Final = (
    NAME,
    Column(name="Status", cell=lambda obj, now: (obj.get("status") or {}).get("phase") or ""),
    AGE,
)
