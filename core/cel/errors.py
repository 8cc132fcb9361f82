"""What goes wrong with expressions, in the words that Kubernetes' users know."""

from __future__ import annotations

import re

_STATUS = re.compile(r"^(?!ERROR: )[A-Z_]+: | \[[A-Z_]+\]$")
_PLACE = re.compile(r"(?m)^((?:[A-Z_]+: )?ERROR: <input>:)(\d+)(:\d+: )")
_STRUCT = re.compile(r" not found in struct '[^']*'")
_NO_KEY = re.compile(r'Key not found in map : "?([^"]*)"?')
_CONTAINER = re.compile(r"undeclared reference to '([^']*)' \(in container ''\)")
_INDEX = re.compile(r"^Index error: index=(-?\d+) size=\d+$")
_CONVERSION = re.compile(r"^cannot convert (\w+) to (\w+)$")
_INSTEAD = {
    "cannot be the range": "cannot be range",
    "google.protobuf.Duration": "duration",
    "google.protobuf.Timestamp": "timestamp",
    "divide by zero": "division by zero",
    "No matching overloads found": "no such overload",
}
_OVERLOAD = re.compile(r"(found no matching overload for '(\w+)' applied to ')\(([^']*)\)('\n \| )(.*)(\n \| \.*)\^")
_TYPE_NAME = re.compile(r"sampan\.cel\.(?:[A-Za-z0-9_]+\.)*([A-Za-z0-9_]+)")


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
    return _TYPE_NAME.sub(r"\1", text)


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
