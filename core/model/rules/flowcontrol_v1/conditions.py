"""The conditions of flow schemas and priority levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, required

Value = Mapping[str, Any]


def validate_own_conditions(obj: Value) -> list[Cause]:
    """Each has a type, and each type comes once."""
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        kind, path = condition.get("type") or "", f"status.conditions[{index}].type"
        if kind in seen:
            causes.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            causes.append(required(path))
    return causes
