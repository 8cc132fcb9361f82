"""Bytes from the network to JSON values, with Go's words for what is wrong with them.

orjson parses; the standard library's parser is asked only for the wording of a syntax error and for keys given twice,
both of which orjson does not tell. Pure functions, any thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import orjson
import yaml

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
_MAX_DEPTH: Final = 500
"""Deeper YAML than this is refused: every walk over a value recurses."""
_MAX_NODES: Final = 500_000


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
        json.loads(text)
    except UnicodeDecodeError as error:
        return f"invalid character {chr(raw[error.start])!r} in string literal"
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return "unexpected end of JSON input"
        words = next((go for start, go in _GO_WORDS.items() if error.msg.startswith(start)), "in JSON input")
        return f"invalid character {text[error.pos]!r} {words}"
    except RecursionError:
        return "exceeded max depth"
    return "invalid JSON"


def duplicate_fields(raw: bytes) -> list[str]:
    """Where valid JSON gives a key twice: ``metadata.name``, ``spec.containers[0].image``."""
    repeated = False

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        value = dict(pairs)
        repeated = repeated or len(value) < len(pairs)
        return value

    json.loads(raw, object_pairs_hook=note)
    if not repeated:
        return []
    return list(_repeats(json.loads(raw, object_pairs_hook=_Pairs), ""))


class _Pairs(list[tuple[str, Any]]):
    """An object with every pair that was written."""


def _repeats(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            where = f"{path}.{key}" if path else key
            if key in seen:
                yield where
            seen.add(key)
            yield from _repeats(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeats(item, f"{path}[{index}]")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as Go's reader sees it: times stay text, a key given twice is noted."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.value in seen and key_node.tag != "tag:yaml.org,2002:merge":
                self.repeated.append(f'line {key_node.start_mark.line + 1}: key "{key_node.value}" already set in map')
            seen.add(key_node.value if isinstance(key_node.value, str) else id(key_node))
        value: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return value


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def parse_yaml(raw: bytes) -> tuple[Any, list[str]]:
    """The first document as a JSON value, and what it says of repeated keys. Raises `SyntaxProblem`."""
    loader = None
    try:
        loader = _Loader(raw)
        value = loader.get_data() if loader.check_data() else None
        return _to_json(value, _Budget(_MAX_NODES)), loader.repeated
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise SyntaxProblem(f"yaml: {_first_line(error)}") from error
    finally:
        if loader is not None:
            loader.dispose()


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)


class _Budget:
    """How many values a document may still have: anchors can make a small text very large."""

    def __init__(self, values: int) -> None:
        self.values = values

    def spend(self) -> None:
        self.values -= 1
        if self.values < 0:
            raise ValueError("document contains excessive aliasing")


def _to_json(value: Any, budget: _Budget, depth: int = 0) -> Any:
    """A YAML value with JSON's types alone: keys become text, as in Go's conversion."""
    budget.spend()
    if depth > _MAX_DEPTH:
        raise ValueError("exceeded max depth")
    if isinstance(value, dict):
        return {_key(key): _to_json(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(item, budget, depth + 1) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, bytes):
        return value.decode()
    raise ValueError(f"cannot be written as JSON: {value!r}")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    return str(key)
