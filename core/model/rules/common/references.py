"""References to objects of any kind: group, kind and name as parts of a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, required
from sampan.core.model.rules.common.metadata import path_segment

Value = Mapping[str, Any]


def validate_typed_reference(reference: Value, path: str) -> list[Cause]:
    """``apiGroup``, ``kind`` and ``name``."""
    causes = []
    if (group := reference.get("apiGroup")) is not None:
        causes += malformed(f"{path}.apiGroup", group, "dns1123-subdomain")
    return causes + validate_segments(reference, path, "kind", "name")


def validate_segments(reference: Value, path: str, *words: str) -> list[Cause]:
    """Fields that must be there, and be parts of a path."""
    causes = []
    for word in words:
        text = reference.get(word) or ""
        if not text:
            causes.append(required(f"{path}.{word}"))
        causes += [invalid(f"{path}.{word}", text, problem) for problem in path_segment(text)]
    return causes
