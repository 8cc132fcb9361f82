"""Checks on lists and maps of bounded size: where there is too much, nothing within is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, too_many

LONGEST_KEY: Final = 16
"""The least that is shown of a map's key."""


def each_of(items: Sequence[Any], limit: int, check: Callable[[Any, str], list[Cause]], path: str) -> list[Cause]:
    """``check`` of every item; ``limit`` is how many there may be."""
    if len(items) > limit:
        return [too_many(path, len(items), limit)]
    return [cause for index, item in enumerate(items) for cause in check(item, f"{path}[{index}]")]


def each_once(
    items: Sequence[Any], limit: int, check: Callable[[Any, str], list[Cause]], key: Callable[[Any], Any], path: str
) -> list[Cause]:
    """As `each_of`, and no two may have the same key."""
    causes = each_of(items, limit, check, path)
    if len(items) > limit:
        return causes
    seen = set()
    for index, name in enumerate(map(key, items)):
        if name in seen:
            causes.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
    return causes


def each_value(
    values: Mapping[str, Any],
    limit: int | None,
    check_key: Callable[[str, str], list[Cause]],
    check: Callable[[Any, str], list[Cause]],
    path: str,
    *,
    key_limit: int,
) -> list[Cause]:
    """Keys and values of a map; of keys longer than ``key_limit`` the paths have no more than that."""
    if limit is not None and len(values) > limit:
        return [too_many(path, len(values), limit)]
    causes = []
    for key, value in sorted(values.items()):
        causes += check_key(key, path)
        causes += check(value, f"{path}[{_shortened(key, key_limit)}]")
    return causes


def _shortened(key: str, limit: int) -> str:
    limit = max(limit, LONGEST_KEY)
    if len(key) <= limit:
        return key
    left = limit - 3
    return f"{key[: (left + 1) // 2]}...{key[len(key) - left // 2 :]}"
