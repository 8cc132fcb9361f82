"""What ConfigMaps and Secrets share: their size, and that they can be made immutable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden

Value = Mapping[str, Any]

MAX_BYTES: Final = 1024 * 1024
"""All values of one object together."""
FIXED: Final = "field is immutable when `immutable` is set"


def validate_unchanged(obj: Value, old: Value, words: tuple[str, ...]) -> list[Cause]:
    """An object once marked immutable keeps its mark and its contents."""
    if not old.get("immutable"):
        return []
    causes = [] if obj.get("immutable") else [forbidden("immutable", FIXED)]
    return causes + [forbidden(word, FIXED) for word in words if (obj.get(word) or {}) != (old.get(word) or {})]


def byte_size(value: str) -> int:
    """Bytes behind base64 text."""
    return len(value) * 3 // 4 - value.count("=")
