"""Kubernetes' ways to say what is wrong with a field (``k8s.io/apimachinery/pkg/util/validation/field``).

Used by the kinds' rules; each makes one `Cause` with the text that Kubernetes would print after the field's path.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.formats import problems_of

WHOLE_OBJECT: Final = "[]"
"""The path of a cause that is about no field in particular, as Kubernetes writes an empty path."""
IMMUTABLE: Final = "field is immutable"
GO_NAMES: Final = {
    "seLinuxOptions": "SELinuxOptions",
    "gmsaCredentialSpecName": "GMSACredentialSpecName",
    "gmsaCredentialSpec": "GMSACredentialSpec",
}
"""Names of Kubernetes' fields in Go that are more than the one in JSON with a capital letter."""
_SHORT: Final = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
    "\v": "\\v",
}  # fmt: skip
NOT_NEGATIVE: Final = "must be greater than or equal to 0"


def quoted(text: str) -> str:
    """``%q`` of a text: what cannot be printed is escaped."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shown(value: Any) -> str:
    """A value in a message: text quoted, anything else as compact JSON, where Go writes HTML's letters by their numbers."""
    if type(value) is float or (type(value) is int and not -(2**63) <= value < 2**63):
        return go_float(float(value))
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def go_float(value: float) -> str:
    """A number as Go prints it: short, and with an exponent from a million on."""
    _, _, exponent = f"{value:.16e}".partition("e")
    if value == 0 or (-4 <= int(exponent) < 21 and value.is_integer() and abs(value) < 1e6):
        return f"{value:.0f}"
    text = repr(value)
    mantissa, _, _ = text.partition("e")
    if -4 <= int(exponent) < 6:
        return mantissa if "e" not in text else f"{value:f}".rstrip("0")
    numerals = mantissa.replace(".", "").replace("-", "").strip("0")
    sign = "-" if value < 0 else ""
    shown_digits = numerals[0] + (f".{numerals[1:]}" if numerals[1:] else "")
    return f"{sign}{shown_digits}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent)):02d}"


def _printed(value: Any) -> str:
    """As Go prints it, without quotes."""
    return "<nil>" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def go_value(value: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A value as Kubernetes shows those of its unversioned types: every field, by its name in Go.

    ``fields``: their names in JSON with what stands there for each that is not set (None for Go's pointers); those of
    objects within with the names of their fields, as they are null where they are not set.
    """
    return {GO_NAMES.get(name, name[:1].upper() + name[1:]): _in_go(value.get(name), of) for name, of in fields.items()}


def _in_go(value: Any, of: Any) -> Any:
    if isinstance(of, Mapping):
        return None if value is None else go_value(value, of)
    return of if value is None else value


def required(path: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {detail}" if detail else "Required value", path)


def invalid(path: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", path)


def invalid_part(path: str, detail: str) -> Cause:
    """As `invalid`, where the value is too large or too little to be shown."""
    return Cause("FieldValueInvalid", f"Invalid value: {detail}", path)


def not_supported(path: str, value: Any, supported: Iterable[Any]) -> Cause:
    known = ", ".join(shown(each if isinstance(each, str) else _printed(each)) for each in supported)
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {known}", path)


def duplicate(path: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path)


def forbidden(path: str, detail: str = "") -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {detail}" if detail else "Forbidden", path)


def internal(path: str, detail: str) -> Cause:
    """Of a check that could not be made."""
    return Cause("InternalError", f"Internal error: {detail}", path)


def not_found(path: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", f"Not found: {shown(value)}", path)


def too_long(path: str, limit: int) -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {limit} byte{'' if limit == 1 else 's'}", path)


def too_many(path: str, count: int, limit: int) -> Cause:
    items = "item" if limit == 1 else "items"
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {limit} {items}", path)


def malformed(path: str, value: Any, format_name: str) -> list[Cause]:
    """A cause for each way in which ``value`` breaks a format of `sampan.core.model.formats`."""
    return [invalid(path, value, problem) for problem in problems_of(format_name, value)]


def negative(path: str, value: int | None) -> list[Cause]:
    """A cause where a count or duration is below zero."""
    return [invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def changed(path: str, new: Any, old: Any) -> list[Cause]:
    """A cause where an immutable field has another value than before."""
    return [invalid(path, new, IMMUTABLE)] if new != old else []
