"""The columns of Leases."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column

LEASE_COLUMNS: Final = (
    NAME,
    Column(name="Holder", cell=lambda obj, now: (obj.get("spec") or {}).get("holderIdentity") or ""),
    AGE,
)
