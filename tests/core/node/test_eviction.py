"""Who takes more of the node's disk than he may."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import Quantity
from sampan.core.node.decide.eviction import STORAGE, has_disk_limits, over_disk_limit

MIB = 1 << 20


def container(name: str, limit: str = "") -> Container:
    limits = {STORAGE: Quantity(limit)} if limit else {}
    return Container(name=name, resources=ResourceRequirements(limits=limits))


def pod(*containers: Container) -> Pod:
    volumes = (
        Volume(name="cache", empty_dir=EmptyDirVolumeSource()),
        Volume(name="ram", empty_dir=EmptyDirVolumeSource(medium="Memory", size_limit=Quantity("1Mi"))),
    )
    return Pod(spec=PodSpec(containers=containers, volumes=volumes))


A, B, FREE = container("a", "10Mi"), container("b", "20Mi"), container("free")


@pytest.mark.parametrize(
    ("containers", "volumes", "used", "why"),
    [
        ((A, B), {}, {"a": 10 * MIB, "b": 20 * MIB}, ""),
        ((A, B), {}, {"a": 11 * MIB}, 'Container a exceeded its local ephemeral storage limit "10Mi". '),
        (
            (A, B),
            {"cache": 25 * MIB},
            {"a": 6 * MIB},
            "Pod ephemeral local storage usage exceeds the total limit of containers 30Mi. ",
        ),
        ((FREE,), {"cache": 1 << 40}, {"free": 1 << 40}, ""),
    ],
)
def test_the_pod_and_each_container_have_limits(
    containers: Any, volumes: dict[str, int], used: dict[str, int], why: str
) -> None:
    rejection = over_disk_limit(pod(*containers), volumes, used)
    assert (rejection.message if rejection is not None else "") == why
    if rejection is not None:
        assert (rejection.reason, rejection.grace) == ("Evicted", 1)


def test_pods_without_limits_are_not_looked_at() -> None:
    assert has_disk_limits(pod(A))
    assert not has_disk_limits(pod(FREE))
