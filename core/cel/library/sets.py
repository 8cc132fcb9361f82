"""Lists taken for sets: order and repetition do not count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sampan.core.cel.library.function import Function


def contains(whole: Sequence[Any], part: Sequence[Any]) -> bool:
    return all(each in whole for each in part)


def equivalent(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return contains(left, right) and contains(right, left)


def intersects(left: Sequence[Any], right: Sequence[Any]) -> bool:
    return any(each in right for each in left)


FUNCTIONS = tuple(
    Function(f"sets.{name}", ["list(dyn)", "list(dyn)"], "bool", run, is_method=False)
    for name, run in (("contains", contains), ("equivalent", equivalent), ("intersects", intersects))
)
