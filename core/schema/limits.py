"""Checks on one value: enum, format, range, length and pattern.

Built-in kinds and custom resources break the same rules with different words: Kubernetes' own validation for the former,
OpenAPI's for the latter. Both are here side by side as functions from a `Limits` to a list of checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from sampan.core.errors import Cause
from sampan.core.model import causes
from sampan.core.model.formats import FORMATS, NUMBER_FORMATS, problems_of
from sampan.core.model.regex import compiled
from sampan.core.schema.openapi_formats import OPENAPI_FORMATS
from sampan.core.schema.types import Junctors, Limits

Check = Callable[[Any, str], Iterator[Cause]]
"""Takes a value and its path, and yields what is wrong."""


def type_invalid(path: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueTypeInvalid", f"Invalid value: {causes.shown(value)}: {detail}", path)


def builtin_checks(limits: Limits) -> list[Check]:
    """The checks of a built-in kind's field, in Kubernetes' wording."""
    checks: list[Check] = []
    if limits.enum:
        checks.append(_enum(limits))
    if limits.format is not None and limits.format in {**FORMATS, **NUMBER_FORMATS}:
        checks.append(_format(limits.format))
    if limits.minimum is not None or limits.maximum is not None:
        checks.append(_range(limits.minimum, limits.maximum))
    if limits.max_length is not None:
        checks.append(_max_length(limits.max_length))
    if limits.pattern is not None:
        checks.append(_pattern(limits.pattern))
    return checks


def _enum(limits: Limits) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        if value not in limits.enum:
            yield causes.not_supported(path, value, limits.enum)

    return check


def _format(name: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        for problem in problems_of(name, value):
            yield causes.invalid(path, value, problem)

    return check


def _range(minimum: float | None, maximum: float | None) -> Check:
    if maximum is None:
        rule = f"must be greater than or equal to {minimum}"
    elif minimum is None:
        rule = f"must be less than or equal to {maximum}"
    else:
        rule = f"must be between {minimum} and {maximum}, inclusive"

    def check(value: Any, path: str) -> Iterator[Cause]:
        if not isinstance(value, int | float):
            return
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            yield causes.invalid(path, value, rule)

    return check


def _max_length(limit: int) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        if len(value.encode() if isinstance(value, str) else value) > limit:
            yield causes.too_long(path, limit)

    return check


def _pattern(pattern: str) -> Check:
    matcher = re.compile(pattern)

    def check(value: Any, path: str) -> Iterator[Cause]:
        if isinstance(value, str) and not matcher.search(value):
            yield causes.invalid(path, value, f"must match the regex {pattern}")

    return check


def openapi_checks(limits: Limits) -> tuple[list[Check], list[Check]]:
    """The checks of a custom resource's value in Kubernetes' words: those before, and those after a list's own items."""
    first: list[Check] = [_junctors(limits.junctors)] if limits.junctors is not None else []
    if any(each is not None for each in (limits.min_length, limits.max_length, limits.pattern)):
        first.append(_text(limits))
    if limits.format is not None and limits.format in OPENAPI_FORMATS:
        first.append(_openapi_format(limits.format))
    if limits.integer is not None or any(
        each is not None for each in (limits.minimum, limits.maximum, limits.multiple_of)
    ):
        first.append(_number_range(limits))
    last: list[Check] = []
    if any(each is not None for each in (limits.min_items, limits.max_items)):
        last.append(_items(limits))
    if limits.enum:
        last.append(_openapi_enum(limits))
    if any(each is not None for each in (limits.min_properties, limits.max_properties)):
        last.append(_properties(limits))
    return first, last


def _junctors(run: Junctors) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        found: list[Cause] = []
        run(value, path, found)
        yield from found

    return check


def _number_range(limits: Limits) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        low, high, step = limits.minimum, limits.maximum, limits.multiple_of
        if limits.integer is not None and not _fits(value, limits.integer):
            form = f"with format {limits.integer}" if limits.integer else "(default format)"
            words = f"Checked value must be of type integer {form} in {path}"
            yield attrs.evolve(causes.invalid("<nil>", "", words), place=path)
        if isinstance(value, int):  # which Kubernetes compares with whole numbers alone
            low, high, step = (None if each is None else int(each) for each in (low, high, step))
        if step is not None and step <= 0:
            yield causes.invalid(path, step, f"factor MultipleOf declared for {path} must be positive: {_plain(step)}")
        elif step is not None and not float(value / step).is_integer():
            yield causes.invalid(path, value, f"{path} in body should be a multiple of {_plain(step)}")
        if low is not None and (value <= low if limits.exclusive_minimum else value < low):
            equal = "" if limits.exclusive_minimum else " or equal to"
            yield causes.invalid(path, value, f"{path} in body should be greater than{equal} {_plain(low)}")
        if high is not None and (value >= high if limits.exclusive_maximum else value > high):
            equal = "" if limits.exclusive_maximum else " or equal to"
            yield causes.invalid(path, value, f"{path} in body should be less than{equal} {_plain(high)}")

    return check


def _fits(value: float, format: str) -> bool:
    """Whether a number can be a whole number of its format; without one, of 64 bits."""
    bits = 31 if format == "int32" else 63
    return float(value).is_integer() and -(2**bits) <= value < 2**bits


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)


def _text(limits: Limits) -> Check:
    """The first thing that is wrong with a text."""
    matcher = compiled(limits.pattern) if limits.pattern is not None else None

    def check(value: Any, path: str) -> Iterator[Cause]:
        if not isinstance(value, str):
            return
        if limits.max_length is not None and len(value) > limits.max_length:
            yield causes.too_long(path, limits.max_length)
        elif limits.min_length is not None and len(value) < limits.min_length:
            yield causes.invalid(path, value, f"{path} in body should be at least {limits.min_length} chars long")
        elif matcher is not None and not matcher.search(value):
            yield causes.invalid(path, value, f"{path} in body should match '{limits.pattern}'")

    return check


def _items(limits: Limits) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        if not isinstance(value, list):
            return
        if limits.min_items is not None and len(value) < limits.min_items:
            yield causes.invalid(path, len(value), f"{path} in body should have at least {limits.min_items} items")
        if limits.max_items is not None and len(value) > limits.max_items:
            yield causes.too_many(path, len(value), limits.max_items)

    return check


def _openapi_enum(limits: Limits) -> Check:
    """Numbers are first made what the allowed one is: of ``1.5``, a whole number is ``1``."""

    def check(value: Any, path: str) -> Iterator[Cause]:
        if not any(_is_same(value, each) for each in limits.enum):
            yield causes.not_supported(path, value, limits.enum)

    return check


def _is_same(value: Any, allowed: Any) -> bool:
    if isinstance(value, bool) or isinstance(allowed, bool):
        return value is allowed
    if isinstance(allowed, int) and isinstance(value, float):
        return int(value) == allowed
    return bool(value == allowed)


def _properties(limits: Limits) -> Check:
    def check(value: Any, path: str) -> Iterator[Cause]:
        if not isinstance(value, Mapping):
            return
        count = len(value)
        if limits.min_properties is not None and count < limits.min_properties:
            rule = f"{path} in body should have at least {limits.min_properties} properties"
            yield causes.invalid(path, count, rule)
        if limits.max_properties is not None and count > limits.max_properties:
            yield causes.too_many(path, count, limits.max_properties)

    return check


def _openapi_format(name: str) -> Check:
    accepts = OPENAPI_FORMATS[name]

    def check(value: Any, path: str) -> Iterator[Cause]:
        if isinstance(value, str) and not accepts(value):
            detail = f'{path} in body must be of type {name}: "{value}"'
            yield type_invalid(path, value, detail)

    return check
