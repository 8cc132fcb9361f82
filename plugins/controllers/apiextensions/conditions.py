"""Conditions of a CustomResourceDefinition, set as Kubernetes sets them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinitionCondition as Condition
from sampan.core.model.conditions import find, holds
from sampan.core.model.meta import evolve


def is_true(definition: CustomResourceDefinition, type: str) -> bool:
    return holds(definition.status.conditions, type)


def with_condition(conditions: Sequence[Condition], new: Condition, now: datetime) -> tuple[Condition, ...]:
    """``conditions`` with ``new`` in its place; its time is that of the last change of its status."""
    before = find(conditions, new.type)
    since = before.last_transition_time if before is not None and before.status == new.status else None
    new = evolve(new, last_transition_time=since or now.replace(microsecond=0))
    if before is None:
        return (*conditions, new)
    return tuple(new if each.type == new.type else each for each in conditions)
