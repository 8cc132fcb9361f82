"""How many pods a metric asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity, evolve
from sampan.plugins.controllers.autoscaling import replicas
from sampan.plugins.controllers.autoscaling.replicas import Proposal, Tolerance
from sampan.plugins.controllers.autoscaling.samples import NoMetric, Sample, Samples
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings
from tests.plugins.controllers.autoscaling.cases import NOW, pod, pods, used

TENTH = Tolerance(0.1, 0.1)
SETTINGS = AutoscalerSettings()
ENDING: dict[str, Any] = {"deletionTimestamp": "2030-01-01T12:00:00Z"}


def by_share(of: list[Pod], samples: Samples, current: int, target: int, container: str = "") -> Proposal:
    return replicas.by_utilization(of, samples, current, target, TENTH, "cpu", container, SETTINGS, NOW)


def by_average(of: list[Pod], samples: Samples, current: int, target: int, resource: str = "") -> Proposal:
    return replicas.by_average(of, samples, current, target, TENTH, resource, SETTINGS, NOW)


@pytest.mark.parametrize(
    ("of", "samples", "current", "target", "wanted", "shown"),
    [
        (pods(3), used(300, 500, 700), 3, 30, 5, 50),
        (pods(3), used(300, 500, 700), 3, 50, 3, 50),
        (pods(3), used(540, 540, 540), 3, 50, 3, 54),
        (pods(5), used(100, 300, 500, 250, 250), 5, 50, 3, 28),
        (pods(3), used(0, 0, 0), 3, 50, 0, 0),
        # one is not ready: on the way up it uses nothing
        ([*pods(2), pod("p2", ready=False, age=10)], used(900, 900, 10), 3, 50, 4, 90),
        ([*pods(2), pod("p2", phase="Pending")], used(600, 600), 3, 50, 3, 60),
        # on the way down it does not count at all
        ([*pods(2), pod("p2", phase="Pending")], used(100, 100), 3, 50, 1, 10),
        # one is missing: on the way up it uses nothing, on the way down all it asks for
        (pods(4), used(900, 900, 900), 4, 50, 6, 90),
        (pods(4), used(100, 100, 100), 4, 50, 3, 10),
        (pods(2), used(100), 2, 150, 2, 10),
        # failed and ending ones are as good as gone
        ([*pods(2), pod("p2", phase="Failed"), pod("p3", **ENDING)], used(500, 500, 9000, 9000), 2, 50, 2, 50),
        # what is assumed of a missing pod must not turn the direction
        (pods(5), used(600, 600), 5, 50, 5, 60),
    ],
)
def test_utilization(of: list[Pod], samples: Samples, current: int, target: int, wanted: int, shown: int) -> None:
    proposal = by_share(of, samples, current, target)
    assert (proposal.replicas, proposal.utilization) == (wanted, shown)


@pytest.mark.parametrize(
    ("of", "samples", "current", "target", "wanted", "shown"),
    [
        (pods(3), used(20000, 10000, 30000), 3, 15000, 4, 20000),
        (pods(3), used(12000, 12000, 12000), 3, 20000, 2, 12000),
        (pods(3), used(10000, 10000, 10000), 3, 10000, 3, 10000),
        (pods(3), used(50000, 50000), 3, 10000, 10, 50000),
        (pods(4), used(1000, 1000, 1000), 4, 2000, 3, 1000),
        ([*pods(2), pod("p2", phase="Pending")], used(50000, 10000), 3, 15000, 4, 30000),
    ],
)
def test_average(of: list[Pod], samples: Samples, current: int, target: int, wanted: int, shown: int) -> None:
    proposal = by_average(of, samples, current, target)
    assert (proposal.replicas, proposal.usage, proposal.utilization) == (wanted, shown, None)


@pytest.mark.parametrize(
    ("fields", "measured_ago", "counts"),
    [
        ({"age": 3600}, 0, True),
        ({"age": 100}, 0, True),
        ({"age": 100}, 90, False),  # the window reaches back to before it was ready
        ({"age": 100, "ready": False}, 0, False),
        ({"age": 3600, "ready": False}, 0, False),  # it has never been ready
    ],
)
def test_a_pods_cpu_counts_once_it_has_started(fields: dict[str, Any], measured_ago: float, counts: bool) -> None:
    sample = Sample(100, NOW - timedelta(seconds=measured_ago), 60.0)
    groups = replicas.group([pod("p0", **fields)], {"p0": sample}, "cpu", SETTINGS, NOW)
    assert (groups.ready == 1) is counts
    assert replicas.group([pod("p0", **fields)], {"p0": sample}, "memory", SETTINGS, NOW).ready == 1


@pytest.mark.parametrize(
    ("of", "samples", "container", "said"),
    [
        ([], used(1), "", "no pods returned by selector while calculating replica count"),
        (pods(1), {}, "", "did not receive metrics for targeted pods (pods might be unready)"),
        (pods(1, phase="Pending"), used(1), "", "did not receive metrics for targeted pods (pods might be unready)"),
        (pods(1, cpu=None), used(1), "", "missing request for cpu in container c of Pod p0"),
        (pods(1), used(1), "other", "container other not found in Pod p0"),
    ],
)
def test_what_cannot_be_worked_out(of: list[Pod], samples: Samples, container: str, said: str) -> None:
    with pytest.raises(NoMetric) as caught:
        by_share(of, samples, 1, 50, container)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("usage", "current", "target", "wanted"),
    [(20000, 3, 10000, 6), (10500, 3, 10000, 3), (1000, 3, 10000, 1), (30000, 0, 10000, 3), (10**22, 3, 1, 2**31 - 1)],
)
def test_a_value_of_the_whole_makes_ready_pods_grow(usage: int, current: int, target: int, wanted: int) -> None:
    assert replicas.by_value(pods(3), usage, current, target, TENTH) == Proposal(wanted, usage)


@pytest.mark.parametrize(
    ("usage", "present", "target", "wanted", "shown"),
    [(40000, 2, 10000, 4, 20000), (21000, 2, 10000, 2, 10500), (5000, 3, 10000, 1, 1667), (5000, 0, 10000, 1, 5000)],
)
def test_a_value_for_each_pod(usage: int, present: int, target: int, wanted: int, shown: int) -> None:
    assert replicas.by_value_per_pod(usage, present, target, TENTH) == Proposal(wanted, shown)


def test_what_the_pod_asks_for_as_a_whole_counts_before_its_containers() -> None:
    whole = pod("p0")
    spec = evolve(whole.spec, resources=ResourceRequirements(requests={"cpu": Quantity("300m")}))
    assert replicas.requested([evolve(whole, spec=spec)], "cpu") == {"p0": 300}
    assert replicas.requested([evolve(whole, spec=spec)], "cpu", "c") == {"p0": 1000}
    with pytest.raises(NoMetric, match="missing pod-level request for memory in Pod p0"):
        replicas.requested([evolve(whole, spec=spec)], "memory")
