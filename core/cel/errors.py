"""What goes wrong with expressions, in the words that Kubernetes' users know."""

from __future__ import annotations

import re

from sampan.core.cel.overloads import overload_words

_STATUS = re.compile(r"^(?!ERROR: )[A-Z_]+: | \[[A-Z_]+\]$")
_PLACE = re.compile(r"(?m)^((?:[A-Z_]+: )?ERROR: <input>:)(\d+)(:\d+: )")
_STRUCT = re.compile(r" not found in struct '[^']*'")
_NO_KEY = re.compile(r'Key not found in map : "?([^"]*)"?')
_CONTAINER = re.compile(r"undeclared reference to '([^']*)' \(in container ''\)")
_INDEX = re.compile(r"^Index error: index=(-?\d+) size=\d+$")
_CONVERSION = re.compile(r"^cannot convert (\w+) to (\w+)$")
_FIELDLESS = re.compile(r"expression of type '([^']*)' cannot be the operand of a select operation")
_CHAIN = re.compile(
    r"(ERROR: <input>:\d+:)(\d+)(: undeclared reference to ')([^'.]+)\.[^']*(' \(in container ''\)\n \| )(.*)(\n \| )\.*\^"
)
_NULL = re.compile(r"(applied to '[^']*|type ')null_type\b")
_INDEX_TYPE = re.compile(r"^Index error: expected integer type, got (\w+)$")
_GO_INDEX = {"list": "*types.baseList", "map": "*types.baseMap", "null_type": "types.Null", "bytes": "types.Bytes"}
_GO_INDEX |= {"timestamp": "types.Timestamp", "duration": "types.Duration"}
_TO_TIME = re.compile(r"^String to (Timestamp|Duration) conversion failed$")
_INSTEAD = {
    "cannot be the range": "cannot be range",
    "google.protobuf.Duration": "duration",
    "google.protobuf.Timestamp": "timestamp",
    "divide by zero": "division by zero",
    "malformed UTF-8 bytes": "invalid UTF-8 in bytes, cannot convert to string",
    "double out of int64 range": "integer overflow",
    "int64 out of uint64 range": "unsigned integer overflow",
    "No matching overloads found": "no such overload",
}
_OVERLOAD = re.compile(r"(found no matching overload for '(\w+)' applied to ')\(([^']*)\)('\n \| )(.*)(\n \| \.*)\^")
_TYPE_NAME = re.compile(r"sampan\.cel\.(?:[A-Za-z0-9_]+\.)*(?:kubernetes_([A-Za-z]+)_\d+|([A-Za-z0-9_]+))")


class CelError(Exception):
    """An expression that cannot be compiled, or whose evaluation failed."""

    @property
    def message(self) -> str:
        return str(self)


class CostExceeded(CelError):
    """Evaluating it would cost more than an expression may."""


def words(text: str, *, lines_above: int = 0) -> str:
    """The library's message as Kubernetes' own CEL would put it; ``lines_above`` the expression were put there by us."""
    if lines_above:
        text = _PLACE.sub(lambda found: f"{found[1]}{int(found[2]) - lines_above}{found[3]}", text)
    text = _STATUS.sub("", _STATUS.sub("", text.strip()))
    text = _STRUCT.sub("", text)
    text = _NO_KEY.sub(r"no such key: \1", text)
    text = _CONTAINER.sub(r"undeclared reference to '\1' (in container '')", text)
    text = _INDEX.sub(r"index out of bounds: \1", text)
    text = _CONVERSION.sub(r"type conversion error from '\1' to '\2'", text)
    for theirs, ours in _INSTEAD.items():
        text = text.replace(theirs, ours)
    text = _CHAIN.sub(_root_of_chain, _FIELDLESS.sub(r"type '\1' does not support field selection", text))
    while (null := _NULL.sub(r"\1null", text)) != text:
        text = null
    text = _INDEX_TYPE.sub(
        _index_type, _TO_TIME.sub(r"type conversion error from 'string' to 'google.protobuf.\1'", text)
    )
    text = overload_words(text)
    return types_as_known(text)


def _root_of_chain(found: re.Match[str]) -> str:
    """``a.b.c`` where there is no ``a``: Go names ``a``, and shows where it stands, not the last point."""
    head, column, said, name, after, line, below = found.groups()
    before = line[: int(column) - 1]
    root = re.search(rf"\b{name}(\s*\.\s*\w+)*\s*$", before)
    start = root.start() if root else len(before)
    return f"{head}{start + 1}{said}{name}{after}{line}{below}{'.' * start}^"


def _index_type(found: re.Match[str]) -> str:
    kind = found[1]
    return (
        f"invalid qualifier type: {_GO_INDEX[kind]}"
        if kind in _GO_INDEX
        else f"unsupported index type '{kind}' in list"
    )


def types_as_known(text: str) -> str:
    """Types as users know them, where the checker has messages of ours (see `sampan.core.cel.types`)."""
    return _TYPE_NAME.sub(lambda found: f"kubernetes.{found[1]}" if found[1] else found[2], text)


def of_methods(text: str) -> str:
    """Types of a method's call as Go shows them: ``string.(int)``, where the library shows those of a function."""

    def shown(found: re.Match[str]) -> str:
        head, name, types, before, line, dots = found.groups()
        column = len(dots) - len("\n | ")
        if not line[:column].endswith(f".{name}"):
            return found[0]
        depth, end = 0, len(types)
        for place, letter in enumerate(types):
            depth += (letter in "(<") - (letter in ")>")
            if letter == "," and depth == 0:
                end = place
                break
        return f"{head}{types[:end]}.({types[end + 1 :].strip()}){before}{line}{dots}^"

    return _OVERLOAD.sub(shown, text)
