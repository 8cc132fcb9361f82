"""The part of JSONPath that ``additionalPrinterColumns``, scale paths and selectable fields may use.

``.spec.replicas``, ``.metadata.labels['example.com/x']``, ``.spec.list[0]``, ``[-1]``, ``[1:3]``, ``[*]``, ``.*``,
``..name`` and filters ``[?(@.type=="Ready")]``, with or without braces and the leading ``$``. Missing keys find nothing.
`compile_path` is called once per column, the compiled path for every row; any thread.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

Step = Callable[[Any], Iterable[Any]]
Path = Callable[[Any], list[Any]]

_FIELD: Final = re.compile(r"\.((?:\\.|[^.\[\]\\])+)")
_QUOTED: Final = re.compile(r"""\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]""")
_INDEX: Final = re.compile(r"\[\s*(-?\d+)\s*\]")
_SLICE: Final = re.compile(r"\[\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?\]")
_ALL: Final = re.compile(r"\[\s*\*\s*\]|\.\*")
_FILTER: Final = re.compile(r"\[\s*\?\s*\(\s*(.+?)\s*\)\s*\]")
_CONDITION: Final = re.compile(r"(@[^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+))?")
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PathError(ValueError):
    """A path that cannot be read."""


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """The function from a JSON value to what the path finds in it. Raises `PathError`."""
    steps = tuple(_steps(_bare(text)))

    def find(value: Any) -> list[Any]:
        found: Iterable[Any] = (value,)
        for step in steps:
            found = [below for each in found for below in step(each)]
        return list(found)

    return find


def first(text: str, value: Any) -> Any:
    """The first thing that a path finds; None for nothing."""
    found = compile_path(text)(value)
    return found[0] if found else None


def _bare(text: str) -> str:
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    text = text.removeprefix("$").removeprefix("@")
    return text if not text or text[0] in ".[" else f".{text}"


def _steps(text: str) -> Iterator[Step]:
    position = 0 if text != "." else 1
    while position < len(text):
        step, position = _next_step(text, position)
        yield step


def _next_step(text: str, position: int) -> tuple[Step, int]:
    if text.startswith("..", position):
        match = _FIELD.match(text, position + 1)
        if match is None:
            raise PathError(f"unexpected end of path: {text}")
        return _anywhere(_unescaped(match[1])), match.end()
    for pattern, make in _SYNTAX:
        match = pattern.match(text, position)
        if match is not None:
            return make(match), match.end()
    raise PathError(f"unrecognized character in path: {text[position:]}")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _field(name: str) -> Step:
    return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()


def _index(place: int) -> Step:
    def step(value: Any) -> Iterable[Any]:
        return (value[place],) if isinstance(value, list) and -len(value) <= place < len(value) else ()

    return step


def _slice(match: re.Match[str]) -> Step:
    start, stop, stride = (int(each) if each else None for each in match.groups())
    return lambda value: value[start:stop:stride] if isinstance(value, list) else ()


def _all(_: re.Match[str]) -> Step:
    return _children


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _anywhere(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]
        for below in _children(value):
            yield from step(below)

    return step


def _filter(match: re.Match[str]) -> Step:
    condition = _CONDITION.fullmatch(match[1])
    if condition is None:
        raise PathError(f"unrecognized filter: {match[1]}")
    path, comparison, right = condition.groups()
    find = compile_path(path)
    if comparison is None:
        return lambda value: [item for item in _children(value) if find(item)]
    compare, wanted = _OPERATORS[comparison], _literal(right.strip())

    def holds(item: Any) -> bool:
        return any(_compared(compare, found, wanted) for found in find(item))

    return lambda value: [item for item in _children(value) if holds(item)]


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    try:
        return compare(left, right)
    except TypeError:
        return False


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 1:
        return _unescaped(text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise PathError(f"unrecognized value in filter: {text}") from None


_SYNTAX: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Step]], ...]] = (
    (_ALL, _all),
    (_FIELD, lambda match: _field(_unescaped(match[1]))),
    (_QUOTED, lambda match: _field(_unescaped(match[1] if match[1] is not None else match[2]))),
    (_INDEX, lambda match: _index(int(match[1]))),
    (_SLICE, _slice),
    (_FILTER, _filter),
)
