"""Whether two values say the same, however much of what is empty they spell out."""

from __future__ import annotations

from typing import Any


def same(left: Any, right: Any) -> bool:
    return bool(_told(left) == _told(right))


def differ(left: Any, right: Any) -> bool:
    """Whether two values are different, apart from fields that are null on one side and missing on the other."""
    return bool(left != right and _without_nulls(left) != _without_nulls(right))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {key: _told(item) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item not in (None, "", {}, [])} or None
    if isinstance(value, list):
        return [_told(item) for item in value] or None
    return value or None if isinstance(value, str) else value
