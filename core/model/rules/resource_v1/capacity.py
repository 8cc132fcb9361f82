"""How much of a capacity claims may take, for devices that can be shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import forbidden, invalid, required
from sampan.core.model.quantity import add, compare, value
from sampan.core.model.rules.resource_v1.lists import each_once

Value = Mapping[str, Any]

MAX_OPTIONS: Final = 10
ONE_POLICY: Final = (
    'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
)


def validate_capacity(capacity: Value, path: str, *, shared: bool) -> list[Cause]:
    policy, path = capacity.get("requestPolicy"), f"{path}.requestPolicy"
    if policy is None:
        return []
    if not shared:
        return [forbidden(path, "allowMultipleAllocations must be true")]
    values, bounds, default = policy.get("validValues") or (), policy.get("validRange"), policy.get("default")
    if values and bounds is not None:
        return [forbidden(path, ONE_POLICY)]
    word = "validValues" if values else "validRange"
    if not values and bounds is None:
        return []
    if default is None:
        return [required(f"{path}.default", f"required when {word} is defined")]
    total = capacity.get("value") or "0"
    return _options(values, default, total, path) if values else _range(bounds, default, total, f"{path}.{word}")


def _options(options: Sequence[str], default: str, total: str, path: str) -> list[Cause]:
    causes = [
        invalid(f"{path}.validValues[{index + 1}]", after, "values must be sorted in ascending order")
        for index, (before, after) in enumerate(pairwise(options))
        if compare(before, after) > 0
    ]

    def option(each: str, at: str) -> list[Cause]:
        words = f"option is larger than capacity value: {total}"
        return [invalid(at, each, words)] if compare(each, total) > 0 else []

    causes += each_once(options, MAX_OPTIONS, option, value, f"{path}.validValues")
    if not any(compare(each, default) == 0 for each in options):
        words = "default value is not valid according to the requestPolicy"
        causes.append(invalid(f"{path}.validValues", default, words))
    return causes


def _range(bounds: Value, default: str, total: str, path: str) -> list[Cause]:
    low, high, step = bounds.get("min"), bounds.get("max"), bounds.get("step")
    if low is None:
        return [required(f"{path}.min", "required when validRange is defined")]
    causes = []
    if compare(low, total) > 0:
        causes.append(invalid(f"{path}.min", low, f"min is larger than capacity value: {total}"))
    if compare(default, low) < 0:
        causes.append(invalid(f"{path}.min", default, f"default is less than min: {low}"))
    if high is not None:
        causes += _highest(low, high, default, total, path)
    return causes + (_step(low, high, step, default, total, f"{path}.step") if step is not None else [])


def _highest(low: str, high: str, default: str, total: str, path: str) -> list[Cause]:
    causes = []
    if compare(low, high) > 0:
        causes.append(invalid(f"{path}.max", low, f"min is larger than max: {high}"))
    if compare(high, total) > 0:
        causes.append(invalid(f"{path}.max", high, f"max is larger than capacity value: {total}"))
    if compare(default, high) > 0:
        causes.append(invalid(f"{path}.max", default, f"default is more than max: {high}"))
    return causes


def _step(low: str, high: str | None, step: str, default: str, total: str, path: str) -> list[Cause]:
    causes = []
    first = add(low, step)
    if compare(first, total) > 0:
        causes.append(invalid(path, step, f"one step {first} is larger than capacity value: {total}"))
    for each in (default,) if high is None else (default, high):
        if not value(step) or (value(each) - value(low)) % value(step):
            words = f"value is not a multiple of a given step ({step}) from ({low})"
            causes.append(invalid(path, each, words))
    return causes
