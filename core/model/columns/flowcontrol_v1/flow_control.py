"""The columns of FlowSchemas and PriorityLevelConfigurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE
from sampan.core.model.conditions import find_wire
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _spec(obj: Value) -> Value:
    return obj.get("spec") or {}


def _level(obj: Value, now: datetime) -> str:
    return (_spec(obj).get("priorityLevelConfiguration") or {}).get("name") or ""


def _method(obj: Value, now: datetime) -> str:
    method = _spec(obj).get("distinguisherMethod")
    return NONE if method is None else method.get("type") or ""


def _dangling(obj: Value, now: datetime) -> str:
    found = find_wire(obj, "Dangling")
    return "?" if found is None else found.get("status") or ""


def _limited(word: str) -> Callable[[Value, datetime], Any]:
    return lambda obj, now: (_spec(obj).get("limited") or {}).get(word, NONE)


def _queuing(word: str) -> Callable[[Value, datetime], Any]:
    def cell(obj: Value, now: datetime) -> Any:
        response = (_spec(obj).get("limited") or {}).get("limitResponse") or {}
        return (response.get("queuing") or {}).get(word, NONE)

    return cell


FLOW_SCHEMA_COLUMNS: Final = (
    NAME,
    Column(name="PriorityLevel", cell=_level),
    Column(name="MatchingPrecedence", cell=lambda obj, now: _spec(obj).get("matchingPrecedence") or 0),
    Column(name="DistinguisherMethod", cell=_method),
    AGE,
    Column(name="MissingPL", cell=_dangling),
)
PRIORITY_LEVEL_CONFIGURATION_COLUMNS: Final = (
    NAME,
    Column(name="Type", cell=lambda obj, now: _spec(obj).get("type") or ""),
    Column(name="NominalConcurrencyShares", cell=_limited("nominalConcurrencyShares")),
    Column(name="Queues", cell=_queuing("queues")),
    Column(name="HandSize", cell=_queuing("handSize")),
    Column(name="QueueLengthLimit", cell=_queuing("queueLengthLimit")),
    AGE,
)
