"""What is kept of decisions is bounded, and is of the pod that was decided about."""

from __future__ import annotations

from datetime import UTC, datetime

from sampan.core.contracts.scheduler import Placed, Refusal, Unschedulable
from sampan.core.scheduling.decisions import MOST_NODES, MOST_PODS, Decisions
from tests.plugins.schedulers.cases import pod

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_the_oldest_pods_and_further_nodes_are_forgotten() -> None:
    decisions = Decisions()
    refused = {f"n{number}": ("Some", Refusal("no")) for number in range(MOST_NODES + 9)}
    for number in range(MOST_PODS + 9):
        decisions.refused(pod(f"p{number}"), "s", Unschedulable(reasons={}, message="none", by_node=refused), NOW)
        decisions.refused(pod("p0"), "s", Unschedulable(reasons={}, message="none", by_node=refused), NOW)
    told = decisions.told()
    assert len(told) == MOST_PODS
    assert told["default/p0"]["timesRefused"] == MOST_PODS + 10, "what was decided last is kept"
    assert len(told["default/p0"]["refused"]["nodes"]) == MOST_NODES


def test_another_pod_of_the_same_name_begins_anew() -> None:
    decisions = Decisions()
    decisions.refused(pod(), "s", Unschedulable(reasons={}, message="none"), NOW)
    decisions.placed(pod(metadata={"uid": "other"}), "s", Placed(node="a"), NOW)
    story = decisions.told()["default/p"]
    assert (story["uid"], story["timesRefused"], story["refused"]) == ("other", 0, None)
    assert (story["placed"]["node"], story["placed"]["at"]) == ("a", "2030-01-01T00:00:00Z")
