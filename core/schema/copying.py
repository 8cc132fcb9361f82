"""A wire value of one's own: JSON values are shared, and whoever changes one copies it first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def own_copy(value: Mapping[str, Any]) -> dict[str, Any]:
    """The same value in dicts and lists that nobody else has. Several times as fast as `copy.deepcopy`, which has to
    expect anything; here there are only JSON's dicts, lists and scalars."""
    return {name: copied(item) for name, item in value.items()}


def copied(value: Any) -> Any:
    """A part of a wire value, in the same way."""
    kind = type(value)
    if kind is dict:
        return {name: copied(item) for name, item in value.items()}
    if kind is list:
        return [copied(item) for item in value]
    return value
