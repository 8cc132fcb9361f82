"""What a pod takes of its node while its resources change."""

from __future__ import annotations

import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.container_status import ContainerStatus
from sampan.core.model.core_v1.pod import Pod, PodCondition, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity
from sampan.core.model.pod_requests import held_requests, pod_requests


def cpus(amount: str) -> ResourceRequirements:
    return ResourceRequirements(requests={"cpu": Quantity(amount)})


def pod(asked: str, promised: str, has: str, *, reason: str = "") -> Pod:
    known = ContainerStatus(
        name="main",
        allocated_resources={"cpu": Quantity(promised)},
        resources=cpus(has),
        ready=True,
        image="",
        image_id="",
    )
    pending = (PodCondition(type="PodResizePending", status="True", reason=reason),) if reason else ()
    spec = PodSpec(containers=(Container(name="main", resources=cpus(asked)),))
    return Pod(spec=spec, status=PodStatus(container_statuses=(known,), conditions=pending))


@pytest.mark.parametrize(
    ("asked", "promised", "has", "reason", "held"),
    [
        ("1", "1", "1", "", 1000),
        ("500m", "1", "1", "", 1000),
        ("500m", "500m", "1", "", 1000),
        ("2", "1", "1", "Deferred", 2000),
        ("2", "1", "1", "Infeasible", 1000),
    ],
)
def test_the_most_counts_while_a_resize_is_under_way(
    asked: str, promised: str, has: str, reason: str, held: int
) -> None:
    assert held_requests(pod(asked, promised, has, reason=reason)) == {"cpu": held}


def test_of_a_pod_as_a_whole_the_same_holds() -> None:
    spec = PodSpec(containers=(Container(name="main"),), resources=cpus("1"))
    assert held_requests(Pod(spec=spec)) == {"cpu": 1000}
    status = PodStatus(resources=cpus("2"), allocated_resources={"cpu": Quantity("1500m")})
    assert held_requests(Pod(spec=spec, status=status)) == {"cpu": 2000}


def test_before_it_runs_it_takes_what_it_asks_for() -> None:
    waiting = Pod(spec=PodSpec(containers=(Container(name="main", resources=cpus("1")),)))
    assert held_requests(waiting) == pod_requests(waiting) == {"cpu": 1000}
