"""What the kernel, and a container itself, are told of its requests and limits and of its pod's."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.references import ResourceFieldSelector
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity
from sampan.core.node.config.fields import resource_value
from sampan.core.node.config.resources import container_resources, oom_score

POD = Pod(spec=PodSpec(node_name="n1"))


@pytest.mark.parametrize(
    ("limits", "requests", "shares", "quota", "memory"),
    [
        ({}, {}, 2, 0, 0),
        ({}, {"cpu": "500m"}, 512, 0, 0),
        ({"cpu": "1500m", "memory": "64Mi"}, {}, 1536, 150_000, 64 << 20),
        ({"cpu": "1m"}, {}, 2, 1000, 0),
    ],
)
def test_requests_become_shares_and_limits_quotas(
    limits: dict[str, Quantity], requests: dict[str, Quantity], shares: int, quota: int, memory: int
) -> None:
    container = Container(name="main", resources=ResourceRequirements(limits=limits, requests=requests))
    made = container_resources(POD, container, 1 << 30)
    assert (made.cpu_shares, made.cpu_quota_micros, made.memory_bytes) == (shares, quota, memory)


@pytest.mark.parametrize(
    ("own", "whole", "told"),
    [("2", "3", "2"), ("", "3", "3"), ("0", "3", "3"), ("", "0", "4"), ("", "", "4")],
)
def test_a_limit_that_a_container_has_not_is_the_pods_or_the_nodes(own: str, whole: str, told: str) -> None:
    def limit(text: str) -> ResourceRequirements:
        return ResourceRequirements(limits={"cpu": Quantity(text)} if text else {})

    container = Container(name="main", resources=limit(own))
    pod = Pod(spec=PodSpec(containers=(container,), resources=limit(whole) if whole else None))
    asked = ResourceFieldSelector(resource="limits.cpu", container_name="main")
    assert resource_value(pod, asked, {"cpu": "4"}) == told


def asks(name: str, memory: str = "", **changes: Any) -> Container:
    requests = {"memory": Quantity(memory)} if memory else {}
    return Container(name=name, resources=ResourceRequirements(requests=requests), **changes)


def score_of(pod_spec: PodSpec, container: Container, quality: str = "Burstable") -> int:
    return oom_score(Pod(spec=pod_spec, status=PodStatus(qos_class=quality)), container, 1 << 30)


@pytest.mark.parametrize(
    ("quality", "memory", "score"),
    [("Guaranteed", "1Mi", -997), ("BestEffort", "", 1000), ("Burstable", "512Mi", 500), ("Burstable", "1", 999)],
)
def test_the_kernel_kills_best_effort_first(quality: str, memory: str, score: int) -> None:
    container = asks("main", memory)
    assert score_of(PodSpec(containers=(container,)), container, quality) == score


def test_a_pod_that_the_node_cannot_do_without_goes_last() -> None:
    container = asks("main")
    spec = PodSpec(containers=(container,), priority_class_name="system-node-critical")
    assert score_of(spec, container, "BestEffort") == -997


def test_a_sidecar_goes_no_earlier_than_what_it_is_there_for() -> None:
    sidecar = asks("sidecar", restart_policy="Always")
    spec = PodSpec(containers=(asks("a", "512Mi"), asks("b", "256Mi")), init_containers=(sidecar,))
    assert score_of(spec, sidecar) == score_of(spec, spec.containers[1]) == 750


def test_what_the_pod_asks_for_beyond_its_containers_is_divided_among_them() -> None:
    whole = ResourceRequirements(requests={"memory": Quantity("512Mi")})
    spec = PodSpec(containers=(asks("a", "256Mi"), asks("b")), resources=whole)
    assert [score_of(spec, each) for each in spec.containers] == [625, 875]


def test_a_container_without_a_limit_has_the_pods() -> None:
    whole = ResourceRequirements(limits={"cpu": Quantity("2"), "memory": Quantity("1Gi")})
    own = Container(name="own", resources=ResourceRequirements(limits={"cpu": Quantity("1")}))
    pod = Pod(spec=PodSpec(containers=(own, asks("none")), resources=whole))
    made = [container_resources(pod, each, 1 << 30) for each in pod.spec.containers]
    assert [(each.cpu_quota_micros, each.memory_bytes) for each in made] == [(100_000, 1 << 30), (200_000, 1 << 30)]
