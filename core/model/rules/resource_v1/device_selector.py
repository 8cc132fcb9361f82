"""Conditions in CEL for devices.

What they say is not looked into: nothing in sampan allocates devices yet, so that nothing evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import required, too_long
from sampan.core.model.rules.resource_v1.lists import each_of

Value = Mapping[str, Any]

MAX_SELECTORS: Final = 32
LONGEST_EXPRESSION: Final = 10 * 1024


def validate_selectors(selectors: Sequence[Value], path: str) -> list[Cause]:
    return each_of(selectors, MAX_SELECTORS, _selector, path)


def _selector(selector: Value, path: str) -> list[Cause]:
    if selector.get("cel") is None:
        return [required(f"{path}.cel")]
    size = len((selector["cel"].get("expression") or "").encode())
    return [too_long(f"{path}.cel.expression", LONGEST_EXPRESSION)] if size > LONGEST_EXPRESSION else []
