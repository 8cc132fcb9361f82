"""Events: what both groups ask of them, and what only the newer one does, in Kubernetes' order."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.event import Event as CoreEvent
from sampan.core.model.events_v1.event import Event
from tests.support.rules import changes_refused, refusals

META = {"name": "e", "namespace": "default"}
EVENT: dict[str, Any] = {
    "metadata": META,
    "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
    "eventTime": "2026-01-02T03:04:05.000000Z",
    "reason": "Pulled",
    "action": "Pull",
    "type": "Normal",
    "reportingController": "example.com/c",
    "reportingInstance": "c-1",
}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"reason": "", "metadata": META | {"name": "A"}, "type": "x"}, ["reason", "metadata.name", "type"]),
        ({"deprecatedCount": 1, "series": {"count": 1}}, ["series.count", "series.lastObservedTime", "count"]),
    ],
)
def test_newer_events_are_strict_after_their_metadata(change: dict[str, Any], fields: list[str]) -> None:
    assert [line.partition(":")[0] for line in refusals(Event, EVENT | change)] == fields


def test_older_events_may_count() -> None:
    event = {"metadata": META, "involvedObject": {"namespace": "default"}, "count": 1}
    assert refusals(CoreEvent, event) == []


def test_nothing_but_the_series_of_an_event_changes() -> None:
    changed = {"deprecatedSource": {"component": "c"}, "note": "n", "reason": "Other"}
    assert [line.partition(":")[0] for line in changes_refused(Event, EVENT, changed)] == [
        "reason", "message", "source", "reason",
    ]  # fmt: skip
    assert changes_refused(Event, EVENT, {"series": {"count": 2, "lastObservedTime": EVENT["eventTime"]}}) == []
