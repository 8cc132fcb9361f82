"""What a JSON value without parts is to an expression."""

from __future__ import annotations

from typing import Final

from sampan.core.schema.types import Scalar

PLAIN: Final = ("string", "integer", "number", "boolean", "bytes")
TIMES: Final = ("date-time", "date")
DURATIONS: Final = ("duration",)


def scalar_word(kind: Scalar) -> str:
    """What an expression sees: ``time`` and ``duration`` for strings of such a format, ``dyn`` for what may be anything."""
    if kind.kind in ("time", "micro-time"):
        return "time"
    if kind.kind == "string":
        if kind.limits.format in TIMES:
            return "time"
        if kind.limits.format in DURATIONS:
            return "duration"
        return "bytes" if kind.limits.format == "byte" else "string"
    return kind.kind if kind.kind in PLAIN else "dyn"
