"""What goes wrong with expressions, in the words that Kubernetes' users know."""

from __future__ import annotations

import re

_STATUS = re.compile(r"^(?!ERROR: )[A-Z_]+: | \[[A-Z_]+\]$")
_STRUCT = re.compile(r" not found in struct '[^']*'")
_NO_KEY = re.compile(r'Key not found in map : "?([^"]*)"?')
_CONTAINER = re.compile(r"undeclared reference to '([^']*)' \(in container ''\)")
_TYPE_NAME = re.compile(r"sampan\.cel\.(?:[A-Za-z0-9_]+\.)*([A-Za-z0-9_]+)")


class CelError(Exception):
    """An expression that cannot be compiled, or whose evaluation failed."""

    @property
    def message(self) -> str:
        return str(self)


class CostExceeded(CelError):
    """Evaluating it would cost more than an expression may."""


def words(text: str) -> str:
    """The library's message as Kubernetes' own CEL would put it."""
    text = _STATUS.sub("", _STATUS.sub("", text.strip()))
    text = _STRUCT.sub("", text)
    text = _NO_KEY.sub(r"no such key: \1", text)
    text = _CONTAINER.sub(r"undeclared reference to '\1' (in container '')", text)
    text = text.replace("divide by zero", "division by zero").replace("No matching overloads found", "no such overload")
    return _TYPE_NAME.sub(r"\1", text)
