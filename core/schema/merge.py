"""JSON merge patch (RFC 7386): objects merge, null removes, everything else replaces. Pure; any thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_patch(original: Any, patch: Any) -> Any:
    """``original`` with ``patch`` applied; neither is changed, but the result may share parts with both."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(original) if isinstance(original, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = merge_patch(merged.get(key), value)
        else:
            merged[key] = value
    return merged
