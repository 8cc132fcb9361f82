"""Scalars of built-in kinds in their canonical form, as Go's decoding and encoding leave them.

Each function takes a JSON value and returns the value to store, or raises `Mismatch`. Called by `decode` for every value
that is not plainly a string or boolean where one is expected.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sampan.core.model.causes import quoted
from sampan.core.model.quantity import canonical
from sampan.core.schema.go_words import json_word
from sampan.core.schema.types import Scalar, ScalarKind, Type

_WHOLE_SECONDS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SIX_DIGITS: Final = re.compile(r"\.\d{6}(Z|[+-])", re.ASCII)
_MICRO_LAYOUT: Final = "2006-01-02T15:04:05.000000Z07:00"
_MICROSECONDS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)")
_INT_RANGE: Final = {"int64": 2**63}
_INT32: Final = 2**31


class Mismatch(Exception):
    """A value that is not of its field's type.

    ``text`` is the whole message where the type has one of its own (quantities, times). ``owner`` and ``path`` are filled
    in on the way up: the innermost Go struct, and the fields that lead to the value.
    """

    def __init__(self, value: Any, expected: Type, text: str = "") -> None:
        super().__init__(text or f"{json_word(value)} is not of the expected type")
        self.value = value
        self.expected = expected
        self.text = text
        self.owner = ""
        self.path: list[str] = []


def zero_of(kind: Type) -> Any:
    """Go's zero value, as JSON: what ``null`` means in a list or map, and what ``emit`` writes."""
    if not isinstance(kind, Scalar):
        return [] if hasattr(kind, "item") else {}
    if kind.kind in ("string", "bytes"):
        return ""
    if kind.kind in ("integer", "number", "int-or-string"):
        return 0
    if kind.kind == "quantity":
        return "0"
    return False if kind.kind == "boolean" else None


def scalar_reader(kind: Scalar) -> Callable[[Any], Any]:
    """The function that checks and canonicalises values of ``kind``."""
    read = _READERS[kind.kind]
    return lambda value: read(value, kind)


def _string(value: Any, kind: Scalar) -> Any:
    if isinstance(value, str):
        return value
    raise Mismatch(value, kind)


def _boolean(value: Any, kind: Scalar) -> Any:
    if isinstance(value, bool):
        return value
    raise Mismatch(value, kind)


def _integer(value: Any, kind: Scalar) -> Any:
    limit = _INT_RANGE.get(kind.limits.format or "", _INT32)
    if type(value) is int and -limit <= value < limit:
        return value
    raise Mismatch(value, kind)


def _number(value: Any, kind: Scalar) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise Mismatch(value, kind)


def _int_or_string(value: Any, kind: Scalar) -> Any:
    if isinstance(value, str) or (type(value) is int and -_INT32 <= value < _INT32):
        return value
    raise Mismatch(value, kind, f"json: cannot unmarshal {_word(value)} into Go value of type int32")


def _any(value: Any, kind: Scalar) -> Any:
    return value


def _quantity(value: Any, kind: Scalar) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        value = str(value)
    try:
        return canonical(value)
    except ValueError as error:
        raise Mismatch(value, kind, str(error)) from error


def _bytes(value: Any, kind: Scalar) -> Any:
    if isinstance(value, list):
        return base64.b64encode(bytes(_byte(each, kind) for each in value)).decode()
    text = _string(value, kind)
    if "\n" in text or "\r" in text:
        text = text.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Mismatch(value, kind, f"illegal base64 data at input byte {_bad_base64(text)}") from error
    return text


def _byte(value: Any, kind: Scalar) -> int:
    """One of an array of bytes, which is as good as their base64."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 256:
        raise Mismatch(value, kind)
    return value


def _bad_base64(text: str) -> int:
    """Where Go's decoder would stop."""
    bad = re.search(r"[^A-Za-z0-9+/]", text.rstrip("="))
    return bad.start() if bad else len(text) - len(text) % 4


def _time(value: Any, kind: Scalar) -> Any:
    if isinstance(value, str) and _WHOLE_SECONDS.fullmatch(value):
        return _checked(value, value, kind)
    return format_time(_parsed_time(value, kind))


def _micro_time(value: Any, kind: Scalar) -> Any:
    if isinstance(value, str) and _MICROSECONDS.fullmatch(value):
        return _checked(value, value, kind)
    moment = _parsed_time(value, kind)
    if not _SIX_DIGITS.search(value):
        rest = value[19:]
        problem = f'parsing time {quoted(value)} as "{_MICRO_LAYOUT}": cannot parse {quoted(rest)} as ".000000"'
        raise Mismatch(value, kind, problem)
    return format_micro_time(moment)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds, as ``metav1.Time``."""
    if moment.tzinfo is UTC:
        return moment.isoformat(timespec="seconds").removesuffix("+00:00") + "Z"
    return _in_utc(moment).isoformat(timespec="seconds") + "Z"


def format_micro_time(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as ``metav1.MicroTime``."""
    return _in_utc(moment).isoformat(timespec="microseconds") + "Z"


def _in_utc(moment: datetime) -> datetime:
    """Without its zone, and so written with four digits of year (``strftime`` leaves out leading zeros)."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _checked(text: str, value: str, kind: Scalar) -> str:
    """``text``, which has the right shape, if it is on the calendar."""
    _parsed_time(value, kind)
    return text


def _parsed_time(value: Any, kind: Scalar) -> datetime:
    if not isinstance(value, str):
        raise Mismatch(value, kind, f"json: cannot unmarshal {json_word(value)} into Go value of type string")
    layout = "2006-01-02T15:04:05Z07:00" if kind.kind == "time" else _MICRO_LAYOUT
    match = _RFC3339.fullmatch(value)
    if match is None:
        problem = f'parsing time {quoted(value)} as "{layout}": cannot parse {quoted(value)} as "2006"'
        raise Mismatch(value, kind, problem)
    moment, fraction, zone = match.groups()
    try:
        return datetime.fromisoformat(f"{moment}.{(fraction or '0')[:6].ljust(6, '0')}{zone.upper()}")
    except ValueError as error:
        raise Mismatch(value, kind, f"parsing time {quoted(value)}: {error}") from error


def _word(value: Any) -> str:
    """``number 7.5`` where the value matters, else the word for its type."""
    return f"number {value}" if json_word(value) == "number" else json_word(value)


_READERS: Final[Mapping[ScalarKind, Callable[[Any, Scalar], Any]]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "bytes": _bytes,
    "time": _time,
    "micro-time": _micro_time,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "any": _any,
}
