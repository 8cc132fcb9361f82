"""What is wrong with a custom object by its OpenAPI schema, in the words and the order of Kubernetes' validation.

A value of the wrong type is looked at all the same: whatever can be said of a value of its type is said. Repeated items of
sets and list maps are found afterwards, in a walk of their own. Pure; any thread. Compiled on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.model.rules.apiextensions_v1.formats import NUMBERS, is_known
from sampan.core.schema.limits import openapi_checks, type_invalid
from sampan.core.schema.openapi_formats import OPENAPI_FORMATS
from sampan.core.schema.types import NO_LIMITS, List, Map, Scalar, Struct, Type

Checker = Callable[[Any, str, list[Cause]], None]
"""Takes a value and its path, and appends to the list what is wrong."""
_NOT_AN_OBJECT = "must be an object for an array of list-type map"


def checker_of(kind: Type) -> Checker:
    if not isinstance(kind, Struct):
        return _checker(kind)
    if "validate" not in kind.compiled:
        kind.compiled["validate"] = _checker(kind)
    made: Checker = kind.compiled["validate"]
    return made


def _checker(kind: Type) -> Checker:
    """First what is common to all types, then what a list or an object has below it."""
    expected = _expected(kind)
    first, last = openapi_checks(kind.limits)
    usual = _usual_type(kind)
    below: Callable[[Any, str, list[Cause]], None] | None = None  # made on the first call: types may contain themselves

    def check(value: Any, path: str, found: list[Cause]) -> None:
        nonlocal below
        if type(value) is usual and (type(value) is not int or -_SMALL <= value < _SMALL):
            return
        if value is None:
            if not kind.nullable and expected:
                found.append(_of_type(path, expected, "null"))
            return
        given = json_type(value)
        if expected and given not in expected and not (given == "integer" and "number" in expected):
            found.extend(_mismatch(kind, value, path, expected, given))
        for each in first:
            found.extend(each(value, path))
        is_list = isinstance(value, list)
        if is_list or isinstance(value, dict):
            if below is None:
                below = _below(kind)
            if is_list:
                below(value, path, found)
                found.extend(cause for each in last for cause in each(value, path))
            else:
                found.extend(cause for each in last for cause in each(value, path))
                below(value, path, found)
        else:
            found.extend(cause for each in last for cause in each(value, path))

    return check


_SMALL = 2**31
_USUAL: Mapping[tuple[str, ...], type] = {("string",): str, ("boolean",): bool, ("integer",): int, ("number",): int}
"""Values of which most need no look: those of this type, where there is no limit for them."""


def _usual_type(kind: Type) -> type | None:
    """The type of values of which nothing is asked but that type; whole numbers must be small besides."""
    is_free = attrs.evolve(kind.limits, integer=None, format=None) == NO_LIMITS and kind.limits.junctors is None
    checked = kind.limits.format in OPENAPI_FORMATS
    return _USUAL.get(_expected(kind)) if is_free and not checked else None


def _mismatch(kind: Type, value: Any, path: str, expected: tuple[str, ...], given: str) -> Iterator[Cause]:
    """A value of the wrong type. Where the schema names a format, Kubernetes tells formats, and takes lists for texts."""
    form = _format_of(kind)
    if form and isinstance(value, list) and expected == ("string",):
        return
    if form and not isinstance(value, str | list):
        words = "" if isinstance(value, bool | dict) else "float64" if isinstance(value, float) else "int64"
        yield _of_type(path, (form,), words)
    else:
        yield _of_type(path, expected, given)


def _format_of(kind: Type) -> str:
    """The format of a text or number, if it is one that is known."""
    if not isinstance(kind, Scalar) or kind.kind not in ("string", *NUMBERS):
        return ""
    form = kind.limits.format or ""
    return form if form and is_known("" if kind.kind == "string" else kind.kind, form) else ""


def _of_type(path: str, expected: tuple[str, ...], given: str) -> Cause:
    return type_invalid(path, given, f'{path} in body must be of type {",".join(expected)}: "{given}"')


def _below(kind: Type) -> Checker:
    if isinstance(kind, List):
        return _items(checker_of(kind.item))
    if isinstance(kind, Map):
        return _values(checker_of(kind.value))
    return _fields(kind) if isinstance(kind, Struct) else lambda value, path, found: None


def _items(check_item: Checker) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                check_item(item, f"{path}[{index}]", found)

    return check


def _values(check_value: Checker) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                check_value(item, join(path, key), found)

    return check


def _fields(struct: Struct) -> Checker:
    own = [
        (field.name, _usual_type(field.type), checker_of(field.type))
        for field in struct.fields.values()
        if not isinstance(field.type, Struct) or field.type.verbatim
    ]
    required = tuple(field.name for field in struct.fields.values() if field.required)

    def check(value: Any, path: str, found: list[Cause]) -> None:
        if not isinstance(value, dict):
            return
        for name, usual, check_field in own:
            if name in value:
                item = value[name]
                if type(item) is not usual or (type(item) is int and not -_SMALL <= item < _SMALL):
                    check_field(item, f"{path}.{name}" if path else name, found)
        found.extend(causes.required(join(path, name)) for name in required if name not in value)

    return check


def _expected(kind: Type) -> tuple[str, ...]:
    if isinstance(kind, List):
        return ("array",)
    if isinstance(kind, Struct | Map):
        return ("object",)
    if kind.kind == "int-or-string":
        return ("integer", "string")
    return () if kind.kind == "any" else (kind.kind,)


def json_type(value: Any) -> str:
    """OpenAPI's name for the type of a JSON value; a number without a fraction is an integer, if 64 bits can hold it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer" if -(2**63) <= value < 2**63 else "number"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


# Repeated items


def repeated(kind: Type, value: Any, path: str = "") -> Iterator[Cause]:
    """Items of sets, and keys of list maps, that are there more than once. Of metadata nothing is said."""
    if not contains(kind, "keyed lists", _is_keyed):
        return
    if isinstance(kind, Struct) and isinstance(value, dict):
        for name, item in value.items():
            field = kind.fields.get(name)
            if field is not None and isinstance(item, list | Mapping):
                yield from repeated(field.type, item, join(path, name))
    elif isinstance(kind, Map) and isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, list | Mapping):
                yield from repeated(kind.value, item, f"{path}[{name}]")
    elif isinstance(kind, List) and isinstance(value, list):
        if kind.list_type != "atomic":
            yield from _of_list(kind, value, path)
        if not isinstance(kind.item, Scalar):
            for index, item in enumerate(value):
                yield from repeated(kind.item, item, f"{path}[{index}]")


def _is_keyed(kind: Type) -> bool:
    return isinstance(kind, List) and kind.list_type != "atomic"


def contains(kind: Type, name: str, wanted: Callable[[Type], bool]) -> bool:
    """Whether a type, or one below it, is a wanted one; remembered by a name. Metadata is not looked into."""
    if isinstance(kind, Struct):
        if not kind.verbatim:
            return False
        if name not in kind.compiled:
            kind.compiled[name] = wanted(kind) or any(
                contains(field.type, name, wanted) for field in kind.fields.values()
            )
        return bool(kind.compiled[name])
    if wanted(kind):
        return True
    below = kind.item if isinstance(kind, List) else kind.value if isinstance(kind, Map) else None
    return below is not None and contains(below, name, wanted)


def _of_list(kind: List, value: list[Any], path: str) -> Iterator[Cause]:
    is_map = kind.list_type == "map"
    for index, item in enumerate(value if is_map else ()):
        if item is not None and not isinstance(item, Mapping):
            yield causes.invalid(f"{path}[{index}]", item, _NOT_AN_OBJECT)
            return
    times: dict[Any, int] = {}
    for index, item in enumerate(value):
        identity = {key: item[key] for key in kind.map_keys if key in (item or ())} if is_map else item
        known = _hashable(identity)
        times[known] = times.get(known, 0) + 1
        if times[known] == 2:
            yield causes.duplicate(f"{path}[{index}]", identity)


def _hashable(value: Any) -> Any:
    """``1`` and ``true`` are two values."""
    if isinstance(value, dict):
        return "map", frozenset((name, _hashable(item)) for name, item in value.items())
    if isinstance(value, list):
        return "list", tuple(_hashable(item) for item in value)
    return type(value) is bool, value


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
