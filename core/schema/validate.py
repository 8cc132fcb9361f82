"""What is wrong with an object, as far as its types say it: all causes at once, in the order of declaration.

The kinds' own rules (`KindRules.validate`) come after this, in the API server. Values of built-in kinds have been decoded,
so their types are right; those of custom resources may hold anything, see `sampan.core.schema.validate_custom`. Pure
functions, any thread; a type is compiled on first use, and parts without anything to check are never visited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.schema import validate_custom
from sampan.core.schema.embedded import embedded_causes
from sampan.core.schema.limits import Check, builtin_checks
from sampan.core.schema.types import Field, List, Map, Scalar, Struct, Type

Checker = Callable[[Any, str, list[Cause]], None]
"""Takes a value and its path, and appends to the list what is wrong."""


def validate(struct: Struct, value: Mapping[str, Any], path: str = "") -> list[Cause]:
    """Every broken rule of the types and of `Struct.rules`, with full paths, outer fields before inner ones."""
    found: list[Cause] = []
    if struct.verbatim:
        return [
            *value_causes(struct, value, path),
            *embedded_causes(struct, value, path),
            *validate_custom.repeated(struct, value, path),
        ]
    checker = checker_of(struct)
    if checker is not None:
        checker(value, path, found)
    return found


def value_causes(kind: Type, value: Any, path: str) -> list[Cause]:
    """What is wrong with one value of a custom resource's schema, its type included. The same is said once."""
    found: list[Cause] = []
    validate_custom.checker_of(kind)(value, path, found)
    return list(dict.fromkeys(found))


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


def checker_of(kind: Type) -> Checker | None:
    """The compiled checks of a type; None where nothing can be wrong."""
    if isinstance(kind, Struct):
        if kind.verbatim:
            return validate_custom.checker_of(kind)
        if "validate" not in kind.compiled:
            kind.compiled["validate"] = _struct_checker(kind)
        checker: Checker | None = kind.compiled["validate"]
        return checker
    own = builtin_checks(kind.limits)
    if isinstance(kind, List):
        return _list_checker(checker_of(kind.item), own)
    if isinstance(kind, Map):
        return _map_checker(checker_of(kind.value), own)
    return _scalar_checker(own)


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
    own = builtin_checks(struct.limits)

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
            if required and (item is None or (empty_is_missing and not item)):
                found.append(causes.required(prefix + name))
            elif check_item is not None and item is not None:
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
        if field.name == "status" and "apiVersion" in struct.fields:
            continue  # written by components: Kubernetes checks little of a built-in kind's status, its rules do that
        check_item = checker_of(field.type)
        if field.required or check_item is not None:
            steps.append((field.name, field.required, _empty_is_missing(field), check_item))
    return steps


def _empty_is_missing(field: Field) -> bool:
    """A required text, list or map must not be empty; a required number may be zero."""
    return isinstance(field.type, List | Map) or (isinstance(field.type, Scalar) and field.type.kind in _TEXTS)


_TEXTS = ("string", "bytes", "time", "micro-time", "quantity")


def _list_checker(check_item: Checker | None, own: list[Check]) -> Checker | None:
    if check_item is None and not own:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in own:
            found.extend(each(value, path))
        if check_item is not None:
            for index, item in enumerate(value):
                check_item(item, f"{path}[{index}]", found)

    return check


def _map_checker(check_item: Checker | None, own: list[Check]) -> Checker | None:
    if check_item is None and not own:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in own:
            found.extend(each(value, path))
        if check_item is not None:
            for key, item in value.items():
                check_item(item, _join(path, key), found)

    return check


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
