"""Bytes from the network to JSON values, with Go's words for what is wrong with them.

orjson parses JSON, `yaml_reader` YAML; the standard library's parser is asked for the wording of a syntax error and for
keys given twice, both of which orjson does not tell. Pure functions, any thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from sampan.core.schema.yaml_reader import YamlProblem, read_yaml

_GO_WORDS: Final = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
}

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)')
"""Every text of a JSON document, and the colon behind it."""


class SyntaxProblem(ValueError):
    """Text that is not JSON or YAML; the message is Go's."""


def parse_json(raw: bytes) -> Any:
    """The value, the last of repeated keys winning. Raises `SyntaxProblem`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise SyntaxProblem(_explain(raw)) from error


def _explain(raw: bytes) -> str:
    try:
        text = raw.decode()
        json.loads(text, parse_int=str, parse_float=str)
    except UnicodeDecodeError as error:
        return f"invalid character {chr(raw[error.start])!r} in string literal"
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return "unexpected end of JSON input"
        words = next((go for start, go in _GO_WORDS.items() if error.msg.startswith(start)), "in JSON input")
        return f"invalid character {text[error.pos]!r} {words}"
    except RecursionError:
        return "exceeded max depth"
    return "json: cannot unmarshal number into Go value of type float64" if _has_huge_number(text) else "invalid JSON"


def _has_huge_number(text: str) -> bool:
    """Whether what orjson disliked was a number beyond every float."""
    return re.search(r"\d{300}|[eE]\+?\d{3}", text) is not None


def duplicate_fields(raw: bytes, value: Any) -> list[str]:
    """Where valid JSON gives a key twice: ``metadata.name``, ``spec.containers[0].image``. ``value`` is what it says."""
    # A text before a colon is a key. Almost always the value has as many: then nothing was lost.
    if _STRING.findall(raw).count(b":") == _keys_in(value):
        return []
    return [path for path, again in written_fields(raw) if again]


def written_fields(raw: bytes) -> Iterator[tuple[str, bool]]:
    """The path of every key of valid JSON, in the order of the text, and whether the object has had it already."""
    # Numbers stay text: they are not looked at, and Python refuses to read those of thousands of digits.
    return _walk(json.loads(raw, object_pairs_hook=_Pairs, parse_int=str, parse_float=str), "")


def _keys_in(value: Any) -> int:
    if type(value) is dict:
        return len(value) + sum(_keys_in(item) for item in value.values() if type(item) in (dict, list))
    if type(value) is list:
        return sum(_keys_in(item) for item in value if type(item) in (dict, list))
    return 0


class _Pairs(list[tuple[str, Any]]):
    """An object with every pair that was written."""


def _walk(value: Any, path: str) -> Iterator[tuple[str, bool]]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            where = f"{path}.{key}" if path else key
            yield where, key in seen
            seen.add(key)
            yield from _walk(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}[{index}]")


def parse_yaml(raw: bytes) -> tuple[Any, list[str]]:
    """The first document as a JSON value, and what it says of repeated keys. Raises `SyntaxProblem`."""
    try:
        return read_yaml(raw)
    except YamlProblem as error:
        raise SyntaxProblem(f"yaml: {error}") from error
