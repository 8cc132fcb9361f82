"""Regular expressions that users write, as Go has them: in RE2's syntax, in time that grows with the text alone.

Python's own engine tries again and again: ``(a|a)*b`` takes it hours over forty letters, on whatever thread it is asked.
Patterns of this program itself may well be Python's. Any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Protocol

GO_WORDS: Final = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "trailing \\": "trailing backslash at end of expression",
}
"""The library's complaints in the words of Go's ``regexp/syntax``, where they differ."""


class PatternError(ValueError):
    """No pattern, in the words that Go has for it."""


class Found(Protocol):
    def __getitem__(self, group: int, /) -> str: ...


class Pattern(Protocol):
    def search(self, text: str, /) -> Found | None: ...

    def finditer(self, text: str, /) -> Iterator[Found]: ...


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Pattern:
    """Raises `PatternError`. The library is loaded with the first pattern."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        made: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        raise PatternError(_in_go_words(error.args[0].decode(errors="replace"))) from None
    return made


def _in_go_words(said: str) -> str:
    problem, _, part = said.partition(": ")
    return f"error parsing regexp: {GO_WORDS.get(problem, problem)}: `{part}`"
