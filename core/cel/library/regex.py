"""Finding by regular expression, in RE2's syntax as far as Python's has it.

``matches`` is the language's own. Python's engine backtracks: what is searched is bounded, and patterns that repeat a
repetition are refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sampan.core.cel.library.function import Function

LONGEST_TEXT = 64 << 10
_NESTED = re.compile(r"[*+}]\)[*+{]")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    if _NESTED.search(pattern):
        raise ValueError(f"the pattern repeats a repetition: {pattern}")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"error parsing regexp: {error}") from None


def find(text: str, pattern: str) -> str:
    found = compiled(pattern).search(_bounded(text))
    return found[0] if found else ""


def find_all(text: str, pattern: str) -> list[str]:
    return [found[0] for found in compiled(pattern).finditer(_bounded(text))]


def find_some(text: str, pattern: str, limit: int) -> list[str]:
    found = find_all(text, pattern)
    return found if limit < 0 else found[:limit]


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"text is too long to be searched: {len(text)} characters")
    return text


FUNCTIONS = (
    Function("find", ["string", "string"], "string", find),
    Function("findAll", ["string", "string"], "list(string)", find_all),
    Function("findAll", ["string", "string", "int"], "list(string)", find_some),
)
