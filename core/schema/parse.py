"""Bytes from the network to JSON values, with Go's words for what is wrong with them.

orjson parses JSON, `yaml_reader` YAML, `json_syntax` words what is wrong with JSON; the standard library's parser is asked
for keys given twice, which orjson does not tell. Pure functions, any thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from sampan.core.schema.json_syntax import TOO_DEEP, syntax_problem
from sampan.core.schema.yaml_reader import YamlProblem, read_yaml

_LONE_HALF: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
"""An escape in a JSON text: ``half`` of a character is one to Go alone."""
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)')
"""Every text of a JSON document, and the colon behind it."""
_SPELT_APART: Final = (b" :", b"\t:", b"\r:", b"\n:", rb"\u0022")
"""With space before its colon, a key is one all the same; and so is a quotation mark that is written as a number."""


class SyntaxProblem(ValueError):
    """Text that is not JSON or YAML; the message is Go's."""


def parse_json(raw: bytes) -> Any:
    """The value, the last of repeated keys winning. Raises `SyntaxProblem`.

    What is no Unicode in a text is replaced by U+FFFD, as Go does.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if problem := syntax_problem(raw):
            raise SyntaxProblem(problem) from error
    text = raw.decode(errors="replace")
    if _has_huge_number(text):
        raise SyntaxProblem("json: cannot unmarshal number into Go value of type float64")
    try:
        return orjson.loads(_LONE_HALF.sub(_whole, text))
    except orjson.JSONDecodeError as error:
        raise SyntaxProblem(TOO_DEEP) from error


def _whole(found: re.Match[str]) -> str:
    """An escape of half a character as one of U+FFFD; anything else as it is."""
    return found[0] if found["half"] is None else r"\ufffd"


def _has_huge_number(text: str) -> bool:
    """Whether what orjson disliked was a number beyond every float."""
    return re.search(r"\d{300}|[eE]\+?\d{3}", text) is not None


def duplicate_fields(raw: bytes, value: Any) -> list[str]:
    """Where valid JSON gives a key twice: ``metadata.name``, ``spec.containers[0].image``. ``value`` is what it says."""
    if _has_every_colon(raw, value) or _STRING.findall(raw).count(b":") == _keys_in(value):
        return []
    return [path for path, again in written_fields(raw) if again]


def _has_every_colon(raw: bytes, value: Any) -> bool:
    """Whether ``value``, written again, has as many keys: then nothing was lost. Seldom False where nothing was.

    A quotation mark and a colon end a key, or are a part of a text, in which both ways of writing have them. Where they may
    be spelt in another way, this says nothing.
    """
    if any(map(raw.__contains__, _SPELT_APART)):
        return False
    try:
        return raw.count(b'":') == orjson.dumps(value).count(b'":')
    except TypeError:  # numbers and texts that are not written again
        return False


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
