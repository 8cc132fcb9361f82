"""What a custom kind may be called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required
from sampan.core.model.formats import problems_of

Value = Mapping[str, Any]

MIXED_CASE: Final = "may have mixed case, but should otherwise match: "


def names_needed(names: Value, path: str) -> Iterable[Cause]:
    """Names that the spec must have (the status may lack them)."""
    return [required(f"{path}.{word}") for word in ("plural", "singular", "kind", "listKind") if not names.get(word)]


def validate_names(names: Value, path: str) -> Iterable[Cause]:
    for word in ("plural", "singular"):
        yield from _label(names.get(word) or "", f"{path}.{word}")
    for word in ("kind", "listKind"):
        text = names.get(word) or ""
        if text and (problems := problems_of("dns1035-label", text.lower())):
            yield invalid(f"{path}.{word}", text, MIXED_CASE + ",".join(problems))
    for index, text in enumerate(names.get("shortNames") or ()):
        yield from _label(text, f"{path}.shortNames[{index}]", may_be_empty=False)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same")
    for index, text in enumerate(names.get("categories") or ()):
        yield from _label(text, f"{path}.categories[{index}]", may_be_empty=False)


def _label(text: str, path: str, *, may_be_empty: bool = True) -> Iterable[Cause]:
    if (text or not may_be_empty) and (problems := problems_of("dns1035-label", text)):
        yield invalid(path, text, ",".join(problems))
