"""Lists: sums, extremes, order and positions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from sampan.core.cel.library.function import Function

SUMMABLE: Final = ("int", "uint", "double", "duration")
COMPARABLE: Final = (*SUMMABLE, "timestamp", "bool", "string", "bytes")


def add_up(values: Sequence[Any]) -> Any:
    start: Any = timedelta() if values and isinstance(values[0], timedelta) else 0
    return sum(values, start)


def smallest(values: Sequence[Any]) -> Any:
    if not values:
        raise ValueError("min called on empty list")
    return min(values)


def largest(values: Sequence[Any]) -> Any:
    if not values:
        raise ValueError("max called on empty list")
    return max(values)


def is_sorted(values: Sequence[Any]) -> bool:
    return all(left <= right for left, right in pairwise(values))


def first_index(values: Sequence[Any], wanted: Any) -> int:
    return next((index for index, value in enumerate(values) if _equal(value, wanted)), -1)


def last_index(values: Sequence[Any], wanted: Any) -> int:
    return next((index for index in reversed(range(len(values))) if _equal(values[index], wanted)), -1)


def _equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


FUNCTIONS = (
    *(Function("sum", [f"list({kind})"], kind, add_up) for kind in SUMMABLE),
    *(Function("min", [f"list({kind})"], kind, smallest) for kind in COMPARABLE),
    *(Function("max", [f"list({kind})"], kind, largest) for kind in COMPARABLE),
    *(Function("isSorted", [f"list({kind})"], "bool", is_sorted) for kind in COMPARABLE),
    Function("indexOf", ["list(dyn)", "dyn"], "int", first_index),
    Function("lastIndexOf", ["list(dyn)", "dyn"], "int", last_index),
)
