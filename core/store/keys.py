"""How keys nest: pure helpers for whoever holds data by key (stores, the follower, the watch caches)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

_FIRST_SURROGATE, _LAST_SURROGATE = 0xD800, 0xDFFF
_LAST_CODE_POINT = 0x10FFFF


def prefix_end(prefix: str) -> str | None:
    """The first string after all that start with ``prefix``; ``None`` where there is none (the empty prefix).

    Python compares strings by code point, which is the byte order of their UTF-8.
    """
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following > _LAST_CODE_POINT:
            continue
        if _FIRST_SURROGATE <= following <= _LAST_SURROGATE:
            following = _LAST_SURROGATE + 1
        return prefix[: length - 1] + chr(following)
    return None


def folders(key: str) -> Iterator[str]:
    """Every prefix of ``key`` that ends in a slash, shortest first: ``/``, ``/registry/``, ``/registry/pods/`` …"""
    end = key.find("/")
    while end >= 0:
        yield key[: end + 1]
        end = key.find("/", end + 1)


def key_range(keys: Sequence[str], prefix: str, start_after: str = "") -> slice:
    """Where the keys below ``prefix`` and after ``start_after`` lie in a sorted sequence."""
    first = bisect_left(keys, prefix)
    if start_after >= prefix:
        first = bisect_right(keys, start_after)
    end = prefix_end(prefix)
    return slice(first, len(keys) if end is None else bisect_left(keys, end))
