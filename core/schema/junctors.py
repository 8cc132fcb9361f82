"""allOf, anyOf, oneOf and not of a custom resource's schema: restrictions of values that add no structure.

Below a junctor a schema of Kubernetes names no types, so everything here is about values that are there. The words are
those of Kubernetes' OpenAPI validation. Compiled once per schema; pure, any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.schema.limits import openapi_checks
from sampan.core.schema.types import Limits

Schema = Mapping[str, Any]
Checker = Callable[[Any, str, list[Cause]], None]
LimitsOf = Callable[[Schema], Limits]

NO_FIELD: Final = "<nil>"


def junctor_checker(schema: Schema, limits_of: LimitsOf) -> Checker | None:
    """The checks of a schema's junctors; ``None`` where it has none."""
    checks = [
        make([_value_checker(each, limits_of) for each in schema[word]])
        for word, make in (("anyOf", _any_of), ("oneOf", _one_of), ("allOf", _all_of))
        if schema.get(word)
    ]
    if isinstance(schema.get("not"), Mapping):
        checks.append(_not(_value_checker(schema["not"], limits_of)))
    if not checks:
        return None

    def check(value: Any, path: str, found: list[Cause]) -> None:
        for each in checks:
            each(value, path, found)

    return check


def _all_of(parts: list[Checker]) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        wrong = [_problems(part, value, path) for part in parts]
        for each in wrong:
            found.extend(each)
        if any(wrong):
            none = ". None validated" if all(wrong) else ""
            found.append(_of_schemas(path, f"must validate all the schemas (allOf){none}"))

    return check


def _any_of(parts: list[Checker]) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        wrong = [_problems(part, value, path) for part in parts]
        if all(wrong):
            found.append(_of_schemas(path, "must validate at least one schema (anyOf)"))
            found.extend(wrong[0])

    return check


def _one_of(parts: list[Checker]) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        wrong = [_problems(part, value, path) for part in parts]
        valid = sum(not each for each in wrong)
        if valid == 1:
            return
        count = "Found none valid" if not valid else f"Found {valid} valid alternatives"
        found.append(_of_schemas(path, f"must validate one and only one schema (oneOf). {count}"))
        if not valid:
            found.extend(wrong[0])

    return check


def _not(part: Checker) -> Checker:
    def check(value: Any, path: str, found: list[Cause]) -> None:
        if not _problems(part, value, path):
            found.append(_of_schemas(path, "must not validate the schema (not)"))

    return check


def _of_schemas(path: str, words: str) -> Cause:
    """What several schemas say together has no field of its own: the place is a part of the words."""
    return attrs.evolve(causes.invalid(NO_FIELD, "", f"{causes.shown(path)} {words}"), place=path)


def _problems(check: Checker, value: Any, path: str) -> list[Cause]:
    found: list[Cause] = []
    check(value, path, found)
    return found


def _value_checker(schema: Schema, limits_of: LimitsOf) -> Checker:
    first, last = openapi_checks(limits_of(schema))
    own = [*first, *last]
    kind = schema.get("type")
    required = tuple(schema.get("required") or ())
    properties = {name: _value_checker(each, limits_of) for name, each in (schema.get("properties") or {}).items()}
    items = _value_checker(schema["items"], limits_of) if isinstance(schema.get("items"), Mapping) else None
    deeper = junctor_checker(schema, limits_of)

    def check(value: Any, path: str, found: list[Cause]) -> None:
        if kind and not _is_of_type(value, kind):
            detail = f'{path} in body must be of type {kind}: "{_type_of(value)}"'
            found.append(
                Cause("FieldValueTypeInvalid", f"Invalid value: {causes.shown(_type_of(value))}: {detail}", path)
            )
            return
        for each in own:
            found.extend(each(value, path))
        if isinstance(value, Mapping):
            for name in required:
                if name not in value:
                    found.append(causes.required(_below(path, name)))
            for name, check_below in properties.items():
                if name in value:
                    check_below(value[name], _below(path, name), found)
        elif isinstance(value, list) and items is not None:
            for index, item in enumerate(value):
                items(item, f"{path}[{index}]", found)
        if deeper is not None:
            deeper(value, path, found)

    return check


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    if value is None:
        return "null"
    return "array" if isinstance(value, list) else "object"


def _is_of_type(value: Any, kind: str) -> bool:
    given = _type_of(value)
    return given == kind or (given == "integer" and kind == "number")
