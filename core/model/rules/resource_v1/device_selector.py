"""Conditions in CEL for devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import required, too_long
from sampan.core.model.expressions import Expression
from sampan.core.model.rules.resource_v1.lists import each_of

Value = Mapping[str, Any]

MAX_SELECTORS: Final = 32
LONGEST_EXPRESSION: Final = 10 * 1024
VARIABLES: Final = {"device": "device"}
NO_CONDITION: Final = "must evaluate to {wanted} or the unknown type, not {given}"


def validate_selectors(selectors: Sequence[Value], path: str) -> list[Cause]:
    return each_of(selectors, MAX_SELECTORS, _selector, path)


def _selector(selector: Value, path: str) -> list[Cause]:
    if selector.get("cel") is None:
        return [required(f"{path}.cel")]
    source, where = selector["cel"].get("expression") or "", f"{path}.cel.expression"
    if len(source.encode()) > LONGEST_EXPRESSION:
        return [too_long(where, LONGEST_EXPRESSION)]
    return [Expression(field=where, source=source, variables=VARIABLES, gives=("bool",), refusal=NO_CONDITION)]
