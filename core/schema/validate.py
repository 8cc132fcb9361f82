"""What is wrong with an object, as far as its types say it: all causes at once, in the order of declaration.

The kinds' own rules (`KindRules.validate`) come after this, in the API server. Values of built-in kinds have been decoded,
so their types are right; those of custom resources may hold anything, and wrong types are causes like others. Pure
functions, any thread; a type is compiled on first use, and parts without anything to check are never visited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.schema.limits import Check, builtin_checks, openapi_checks, type_invalid
from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

Checker = Callable[[Any, str, list[Cause]], None]
"""Takes a value and its path, and appends to the list what is wrong."""


def validate(struct: Struct, value: Mapping[str, Any], path: str = "") -> list[Cause]:
    """Every broken rule of the types and of `Struct.rules`, with full paths, outer fields before inner ones."""
    found: list[Cause] = []
    checker = checker_of(struct)
    if checker is not None:
        checker(value, path, found)
    return found


def value_causes(kind: Type, value: Any, path: str) -> list[Cause]:
    """What is wrong with one value of a custom resource's schema, its type included."""
    found: list[Cause] = []
    _type_checker(kind, checker_of(kind, verbatim=True))(value, path, found)
    return found


def validate_update(struct: Struct, value: Mapping[str, Any], old: Mapping[str, Any], path: str = "") -> list[Cause]:
    """Immutable fields that differ between ``old`` and ``value``."""
    found: list[Cause] = []
    for field in struct.fields.values():
        where = _join(path, field.name)
        new_item, old_item = value.get(field.name), old.get(field.name)
        if field.immutable and new_item != old_item:
            found.append(causes.invalid(where, new_item, "field is immutable"))
        elif isinstance(field.type, Struct) and isinstance(new_item, Mapping) and isinstance(old_item, Mapping):
            found += validate_update(field.type, new_item, old_item, where)
    return found


def checker_of(kind: Type, verbatim: bool = False) -> Checker | None:
    """The compiled checks of a type; None where nothing can be wrong. ``verbatim``: part of a custom resource."""
    if isinstance(kind, Struct):
        if "validate" not in kind.compiled:
            kind.compiled["validate"] = _struct_checker(kind)
        checker: Checker | None = kind.compiled["validate"]
        return checker
    own = _own_checks(kind, verbatim)
    if isinstance(kind, List):
        return _list_checker(kind, own, verbatim)
    if isinstance(kind, Map):
        return _map_checker(kind, own, verbatim)
    return _scalar_checker(own)


def _own_checks(kind: Type, verbatim: bool) -> list[Check]:
    return openapi_checks(kind.limits) if verbatim else builtin_checks(kind.limits)


def _scalar_checker(own: list[Check]) -> Checker | None:
    if not own:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in own:
            found.extend(each(value, path))

    return check


def _struct_checker(struct: Struct) -> Checker:
    """Fields are compiled on the first call, so that types may contain themselves."""
    if struct.rules is not None and struct.rules.whole:
        return _whole_checker(struct)
    steps: list[tuple[str, bool, bool, Checker | None]] | None = None
    own = _own_checks(struct, struct.verbatim)

    def check(value: Any, path: str, found: list[Cause]) -> None:
        nonlocal steps
        if steps is None:
            steps = _steps(struct)
        if struct.or_else and not isinstance(value, Mapping):
            return
        for each in own:
            found.extend(each(value, path))
        prefix = f"{path}." if path else ""
        for name, required, empty_is_missing, check_item in steps:
            item = value.get(name)
            if required and (name not in value if struct.verbatim else item is None or (empty_is_missing and not item)):
                found.append(causes.required(prefix + name))
            elif check_item is not None and (item is not None or (struct.verbatim and name in value)):
                check_item(item, prefix + name, found)
        if struct.rules is not None:
            found.extend(struct.rules.check(value, path))

    return check


def _whole_checker(struct: Struct) -> Checker:
    """A struct whose rules speak for its fields too."""

    def check(value: Any, path: str, found: list[Cause]) -> None:
        if struct.rules is not None:
            found.extend(struct.rules.check(value, path))

    return check


def _steps(struct: Struct) -> list[tuple[str, bool, bool, Checker | None]]:
    """The fields with something to check: name, whether required, whether empty counts as missing, and the check."""
    steps = []
    for field in struct.fields.values():
        if field.name == "status" and "apiVersion" in struct.fields and not struct.verbatim:
            continue  # written by components: Kubernetes checks little of a built-in kind's status, its rules do that
        check_item = _field_checker(field, struct.verbatim)
        if field.required or check_item is not None:
            steps.append((field.name, field.required, _empty_is_missing(field), check_item))
    return steps


def _empty_is_missing(field: Field) -> bool:
    """A required text, list or map must not be empty; a required number may be zero."""
    return isinstance(field.type, List | Map) or (isinstance(field.type, Scalar) and field.type.kind in _TEXTS)


_TEXTS = ("string", "bytes", "time", "micro-time", "quantity")


def _field_checker(field: Field, verbatim: bool) -> Checker | None:
    checker = checker_of(field.type, verbatim)
    if not verbatim or (isinstance(field.type, Struct) and not field.type.verbatim):
        return checker
    return _type_checker(field.type, checker)


def _list_checker(kind: List, own: list[Check], verbatim: bool) -> Checker | None:
    check_item = checker_of(kind.item, verbatim)
    if verbatim:
        check_item = _type_checker(kind.item, check_item)
    unique = verbatim and kind.list_type != "atomic"
    if check_item is None and not own and not unique:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in own:
            found.extend(each(value, path))
        if check_item is not None:
            for index, item in enumerate(value):
                check_item(item, f"{path}[{index}]", found)
        if unique:
            found.extend(duplicates(kind, value, path))

    return check


def duplicates(kind: List, value: list[Any], path: str) -> list[Cause]:
    """Items of a set, or keys of a list map, that have been there before."""
    found, seen = [], []
    for index, item in enumerate(value):
        identity = item
        if kind.list_type == "map":
            if not isinstance(item, Mapping):
                continue
            identity = {key: item[key] for key in kind.map_keys if key in item}
        if identity in seen:
            found.append(causes.duplicate(f"{path}[{index}]", identity))
        else:
            seen.append(identity)
    return found


def _map_checker(kind: Map, own: list[Check], verbatim: bool) -> Checker | None:
    check_item = checker_of(kind.value, verbatim)
    if verbatim:
        check_item = _type_checker(kind.value, check_item)
    if check_item is None and not own:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in own:
            found.extend(each(value, path))
        if check_item is not None:
            for key, item in value.items():
                check_item(item, _join(path, key), found)

    return check


def _type_checker(kind: Type, inner: Checker | None) -> Checker:
    """The type of a custom resource's value first, and only then what is below it."""
    expected = _expected(kind)

    def check(value: Any, path: str, found: list[Cause]) -> None:
        if value is None and kind.nullable:
            return
        given = json_type(value)
        if expected and given not in expected and not (given == "integer" and "number" in expected):
            detail = f'{path} in body must be of type {",".join(expected)}: "{given}"'
            found.append(type_invalid(path, given, detail))
        elif inner is not None:
            inner(value, path, found)

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
    """OpenAPI's name for the type of a JSON value; a number without a fraction is an integer."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
