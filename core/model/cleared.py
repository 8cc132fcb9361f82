"""What has been looked at and found right need not be looked at again: objects made of one template come in numbers.

A thousand pods of a ReplicaSet have one spec, and each is checked by the same rules, which are pure. That nothing was found
is all that is remembered: answers that say something cost what they always do, so a stranger fills no memory with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

import orjson

T = TypeVar("T")
Answer = TypeVar("Answer")

MOST: Final = 256
"""Values that are remembered for each rule."""
LARGEST: Final = 8192
"""Bytes of a value that is remembered, so that all of one rule's are two megabytes at the most."""


class Cleared(Generic[T]):
    """A pure rule over wire values, asked once for equal ones while it finds nothing wrong. Any thread."""

    def __init__(self, rule: Callable[..., Iterable[T]]) -> None:
        self._rule = rule
        self._cleared: dict[bytes, None] = {}

    def __call__(self, *values: Any) -> list[T]:
        """What the rule finds; the list is the caller's own."""
        key = key_of(values)
        if key in self._cleared:
            return []
        found = list(self._rule(*values))
        if not found and key:
            remember(self._cleared, key, None)
        return found


def key_of(values: Any) -> bytes:
    """The same for equal wire values alone; empty for those that are too large to remember or have no JSON."""
    try:
        key = orjson.dumps(values)
    except TypeError:
        return b""
    return key if len(key) <= LARGEST else b""


def digest_of(*values: Any) -> bytes:
    """As `key_of`, for values that are large and few: thirty-two bytes for each."""
    return hashlib.sha256(orjson.dumps(values)).digest()


def remember(answers: dict[bytes, Answer], key: bytes, answer: Answer) -> None:
    """Keep an answer in place of the oldest, where there are `MOST`."""
    answers[key] = answer
    while len(answers) > MOST:
        answers.pop(next(iter(answers), b""), None)
