"""Finding by regular expression. ``matches`` is the language's own."""

from __future__ import annotations

from sampan.core.cel.library.function import Function
from sampan.core.model.regex import compiled

LONGEST_TEXT = 64 << 10


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
