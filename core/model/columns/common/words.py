"""Cells that many kinds share: name, age, labels, selectors, containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from sampan.core.model.age import age
from sampan.core.model.kinds import Column
from sampan.core.model.labels import wire_selector

Value = Mapping[str, Any]

NONE: Final = "<none>"
UNKNOWN: Final = "<unknown>"
UNSET: Final = "<unset>"


def age_cell(obj: Value, now: datetime) -> str:
    return age((obj.get("metadata") or {}).get("creationTimestamp"), now)


NAME: Final = Column(name="Name", cell=".metadata.name", format="name")
AGE: Final = Column(name="Age", cell=age_cell)


def labels_text(labels: Mapping[str, str] | None) -> str:
    """``a=b,c=d``."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def selector_text(selector: Value | None) -> str:
    """``app=web,tier in (a,b)``."""
    return str(wire_selector(selector or {})) or NONE


def containers_of(template: Value | None) -> Sequence[Value]:
    return ((template or {}).get("spec") or {}).get("containers") or ()


def container_names(template: Value | None) -> str:
    return ",".join(container.get("name") or "" for container in containers_of(template))


def container_images(template: Value | None) -> str:
    return ",".join(container.get("image") or "" for container in containers_of(template))


def some_of(items: Sequence[str], empty: str) -> str:
    """The first three, and how many more there are."""
    if not items:
        return empty
    more = len(items) - 3
    shown = ",".join(items[:3])
    return f"{shown} + {more} more..." if more > 0 else shown


def seen_as(columns: Sequence[Column], convert: Callable[[Value], Value]) -> tuple[Column, ...]:
    """The same columns for another view of the objects: ``convert`` gives the form that the cells read."""

    def converted(column: Column) -> Column:
        cell = column.cell
        if isinstance(cell, str):
            return column
        return attrs.evolve(column, cell=lambda obj, now: cell(convert(obj), now))

    return tuple(converted(column) for column in columns)
