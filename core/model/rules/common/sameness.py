"""Whether two values say the same, however much of what is empty they spell out."""

from __future__ import annotations

from typing import Any


def same(left: Any, right: Any) -> bool:
    return bool(_told(left) == _told(right))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {key: _told(item) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item not in (None, "", {}, [])} or None
    if isinstance(value, list):
        return [_told(item) for item in value] or None
    return value or None if isinstance(value, str) else value
