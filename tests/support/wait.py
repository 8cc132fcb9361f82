"""Waiting for a condition: asked again and again until it holds, never a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.1
"""Seconds between two questions."""
PATIENCE = 30.0
"""Seconds until a condition counts as never coming true."""


class NotYetError(AssertionError):
    """What was waited for did not happen in time."""


def eventually(
    condition: Callable[[], T], what: str = "", *, within: float = PATIENCE, but: tuple[type[Exception], ...] = ()
) -> T:
    """The first true answer of ``condition``. Failed assertions, and the errors named in ``but``, mean "not yet".

    Raises `NotYetError` with the last answer or failure after ``within`` seconds.
    """
    deadline = time.monotonic() + within
    while True:
        last: object
        try:
            answer = condition()
            if answer:
                return answer
            last = answer
        except (AssertionError, *but) as exc:
            last = exc
        if time.monotonic() > deadline:
            raise NotYetError(f"not within {within:g} s: {what or condition}; at last: {last!s:.2000}")
        time.sleep(PAUSE)
