"""Conditions by their type, which comes once in the list of whatever kind: of objects, and of their wire values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar


class Condition(Protocol):
    """What all kinds' conditions have."""

    @property
    def type(self) -> str: ...
    @property
    def status(self) -> str: ...


C = TypeVar("C", bound=Condition)


def find(conditions: Iterable[C], type: str) -> C | None:
    return next((each for each in conditions if each.type == type), None)


def holds(conditions: Iterable[Condition], type: str) -> bool:
    found = find(conditions, type)
    return found is not None and found.status == "True"


def find_wire(obj: Mapping[str, Any], type: str) -> Mapping[str, Any] | None:
    """The condition of an object's ``status`` as a wire value."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == type), None)


def holds_wire(obj: Mapping[str, Any], type: str) -> bool:
    found = find_wire(obj, type)
    return found is not None and found.get("status") == "True"
