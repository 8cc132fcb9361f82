"""What has been looked at and found right need not be looked at again: objects made of one template come in numbers.

A thousand pods of a ReplicaSet have one spec, and each is checked by the same rules, which are pure. That nothing was found
is all that is remembered: answers that say something cost what they always do, so a stranger fills no memory with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, Generic, TypeVar

import orjson

T = TypeVar("T")
Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)

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


class Recurring(Generic[Answer]):
    """What was made of small values, each by a maker that is pure, for when an equal one comes. Any thread.

    Answers are shared, so nobody may change them. They are kept from the second time on: what comes once, like most
    statuses, takes the place of nothing. The maker is a part of the key, and held by it.
    """

    def __init__(self) -> None:
        self._met: dict[int, None] = {}
        self._answers: dict[tuple[Hashable, bytes], Answer] = {}

    def made(self, maker: Hashable, value: Any, make: Callable[[], Answer]) -> Answer:
        """``make()``, or what that was for an equal value."""
        text = key_of(value)
        if not text:
            return make()
        key = (maker, text)
        if (known := self._answers.get(key)) is not None:
            return known
        answer = make()
        if (mark := hash(key)) in self._met:
            remember(self._answers, key, answer)
        else:
            remember(self._met, mark, None)
        return answer


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


def remember(answers: dict[Key, Answer], key: Key, answer: Answer) -> None:
    """Keep an answer in place of the oldest, where there are `MOST`."""
    answers[key] = answer
    while len(answers) > MOST:
        answers.pop(next(iter(answers), key), None)
