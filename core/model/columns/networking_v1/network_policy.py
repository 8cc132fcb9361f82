"""The columns of NetworkPolicies."""

from __future__ import annotations

from typing import Final

from sampan.core.model.columns.common.words import AGE, NAME, selector_text
from sampan.core.model.kinds import Column

NETWORK_POLICY_COLUMNS: Final = (
    NAME,
    Column(name="Pod-Selector", cell=lambda obj, now: selector_text((obj.get("spec") or {}).get("podSelector"))),
    AGE,
)
