"""The arithmetic of roll-outs, as tables."""

from __future__ import annotations

import pytest

from sampan.core.model.apps_v1.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from sampan.core.model.apps_v1.replica_set import ReplicaSet, ReplicaSetSpec
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.meta import IntOrString
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.plugins.controllers.apps.deployment.revisions import SAFE_LETTERS, template_hash
from sampan.plugins.controllers.apps.deployment.sizes import (
    MAX_REPLICAS,
    fence_posts,
    max_unavailable,
    new_size,
    proportional,
)

TEMPLATE = PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"}))
SELECTOR = LabelSelector(match_labels={"app": "web"})


def deployment(replicas: int, surge: IntOrString = "25%", unavailable: IntOrString = "25%") -> Deployment:
    rolling = RollingUpdateDeployment(max_surge=surge, max_unavailable=unavailable)
    strategy = DeploymentStrategy(type="RollingUpdate", rolling_update=rolling)
    spec = DeploymentSpec(replicas=replicas, selector=SELECTOR, template=TEMPLATE, strategy=strategy)
    return Deployment(metadata=ObjectMeta(name="web"), spec=spec, status=DeploymentStatus(replicas=replicas))


def replica_set(name: str, replicas: int, most: int | None = None) -> ReplicaSet:
    annotations = {MAX_REPLICAS: str(most)} if most is not None else {}
    spec = ReplicaSetSpec(replicas=replicas, selector=SELECTOR, template=TEMPLATE)
    return ReplicaSet(metadata=ObjectMeta(name=name, annotations=annotations), spec=spec)


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (4, "25%", "25%", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (2, 0, "25%", (0, 1)),
        (5, "0%", 0, (0, 1)),
        (3, "100%", "100%", (3, 3)),
        (7, 2, 1, (2, 1)),
    ],
)
def test_surge_is_rounded_up_and_unavailable_down(
    replicas: int, surge: IntOrString, unavailable: IntOrString, expected: tuple[int, int]
) -> None:
    assert fence_posts(deployment(replicas, surge, unavailable)) == expected


def test_no_more_can_be_missing_than_there_are() -> None:
    assert max_unavailable(deployment(2, 1, 5)) == 2
    assert max_unavailable(deployment(0, 1, 1)) == 0


@pytest.mark.parametrize(
    ("old", "new", "expected"), [(10, 0, 3), (10, 3, 3), (8, 3, 5), (0, 0, 10), (0, 10, 10), (20, 1, 1)]
)
def test_the_new_set_grows_into_the_surge(old: int, new: int, expected: int) -> None:
    present = replica_set("new", new)
    assert new_size(deployment(10), [replica_set("old", old), present], present) == expected


@pytest.mark.parametrize(
    ("replicas", "before", "after"),
    [
        (15, {"a": (8, 13), "b": (5, 13)}, {"a": 12, "b": 7}),
        (5, {"a": (8, 13), "b": (5, 13)}, {"a": 4, "b": 3}),
        (0, {"a": (8, 13), "b": (5, 13)}, {"a": 0, "b": 0}),
        (20, {"a": (5, 13), "b": (5, 13), "c": (3, 13)}, {"a": 10, "b": 10, "c": 5}),
    ],
)
def test_scaling_in_the_middle_shares_by_size(
    replicas: int, before: dict[str, tuple[int, int]], after: dict[str, int]
) -> None:
    sets = [replica_set(name, size, most) for name, (size, most) in before.items()]
    sized = {item.metadata.name: size for item, size in proportional(deployment(replicas), sets)}
    assert sum(sized.values()) == sum(after.values())
    assert sized == after


def test_a_hash_is_safe_stable_and_moved_by_collisions() -> None:
    first = template_hash(TEMPLATE, None)
    assert first == template_hash(PodTemplateSpec(metadata=ObjectMeta(labels={"app": "web"})), None)
    assert set(first) <= set(SAFE_LETTERS)
    assert len({first, template_hash(TEMPLATE, 0), template_hash(TEMPLATE, 1)}) == 3
