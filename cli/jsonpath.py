"""kubectl's JSONPath templates: text with ``{path}``, ``{"quoted text"}`` and ``{range path}…{end}`` in it.

The paths themselves are `sampan.core.schema.jsonpath`'s; this is the text around them. Used by ``-o jsonpath=…``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from sampan.core.errors import ConfigError
from sampan.core.schema.jsonpath import PathError, compile_path

Template = Callable[[Any], str]
_Part = Callable[[Any, Any], str]
"""Text for the value in scope (``@``) and the whole (``$``)."""


def compile_template(text: str) -> Template:
    """Raises `ConfigError` in kubectl's words for a template that cannot be read."""
    tokens = list(_tokens(text if "{" in text else f"{{{text}}}", text))
    parts, rest = _parts(tokens, text, inside=False)
    if rest:
        raise ConfigError(f"error parsing jsonpath {text}, unexpected end of range")
    return lambda value: "".join(part(value, value) for part in parts)


def _tokens(text: str, shown: str) -> Iterator[tuple[str, str]]:
    """(``text`` or ``action``, what it holds)"""
    position = 0
    while position < len(text):
        start = text.find("{", position)
        if start != position:
            yield "text", text[position : start if start >= 0 else len(text)]
        if start < 0:
            return
        position = _closing(text, start, shown) + 1
        yield "action", text[start + 1 : position - 1].strip()


def _closing(text: str, start: int, shown: str) -> int:
    quote = ""
    for position in range(start + 1, len(text)):
        char = text[position]
        if quote:
            quote = "" if char == quote and text[position - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char == "}":
            return position
    raise ConfigError(f"error parsing jsonpath {shown}, unclosed action")


def _parts(tokens: list[tuple[str, str]], shown: str, *, inside: bool) -> tuple[list[_Part], list[tuple[str, str]]]:
    parts: list[_Part] = []
    while tokens:
        (sort, held), tokens = tokens[0], tokens[1:]
        if sort == "text":
            parts.append(_constant(held))
        elif held == "end":
            return parts, tokens if inside else [("action", "end")]
        elif held.startswith("range ") or held == "range":
            inner, tokens = _parts(tokens, shown, inside=True)
            parts.append(_range(held.removeprefix("range").strip(), inner, shown))
        elif held[:1] in "'\"" and held:
            parts.append(_constant(_unquoted(held, shown)))
        else:
            parts.append(_value(held, shown))
    if inside:
        raise ConfigError(f"error parsing jsonpath {shown}, unexpected end of template: {{end}} is missing")
    return parts, tokens


def _constant(text: str) -> _Part:
    return lambda _value, _root: text


def _unquoted(text: str, shown: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError) as exc:
        raise ConfigError(f"error parsing jsonpath {shown}, unterminated quoted string") from exc


def _find(path: str, shown: str) -> Callable[[Any, Any], list[Any]]:
    try:
        compiled = compile_path(path)
    except PathError as exc:
        raise ConfigError(f"error parsing jsonpath {shown}, {exc}") from exc
    absolute = path.startswith("$")
    return lambda value, root: compiled(root if absolute else value)


def _range(path: str, inner: list[_Part], shown: str) -> _Part:
    find = _find(path, shown)

    def part(value: Any, root: Any) -> str:
        return "".join("".join(each(item, root) for each in inner) for item in find(value, root))

    return part


def _value(path: str, shown: str) -> _Part:
    find = _find(path, shown)
    return lambda value, root: " ".join(_word(found) for found in find(value, root))


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
