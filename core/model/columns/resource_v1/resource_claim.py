"""The columns of ResourceClaims."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME
from sampan.core.model.kinds import Column


def _state(obj: Mapping[str, Any], now: datetime) -> str:
    status, deleted = obj.get("status") or {}, bool(obj["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if status.get("allocation") is None:
        states += [] if deleted else ["pending"]
    else:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    return ",".join(states)


RESOURCE_CLAIM_COLUMNS: Final = (NAME, Column(name="State", cell=_state), AGE)
