"""Deployments from end to end over a small API: roll-outs, pauses, roll-backs, history, and what they never do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.model.apps_v1.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.builtin import Event, Pod
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import PodCondition, PodTemplateSpec
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.reconcile.engine import Engine
from sampan.core.reconcile.pods import is_ready
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.fake_api import FakeApi
from sampan.plugins.controllers.apps.deployment.controller import DeploymentController
from sampan.plugins.controllers.apps.deployment.sizes import fence_posts
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController

pytestmark = pytest.mark.anyio

HASH = "pod-template-hash"


def template(image: str) -> PodTemplateSpec:
    labels = {"app": "web"}
    return PodTemplateSpec(
        metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=(Container(name="c", image=image),))
    )


def deployment(replicas: int = 2, **spec: Any) -> Deployment:
    strategy = spec.pop("strategy", None) or DeploymentStrategy(
        type="RollingUpdate",
        rolling_update=RollingUpdateDeployment(
            max_surge=spec.pop("surge", 1), max_unavailable=spec.pop("unavailable", 0)
        ),
    )
    defaults = {"progress_deadline_seconds": 600, "revision_history_limit": 10}
    return Deployment(
        metadata=ObjectMeta(name="web", namespace="default", annotations={"note": "x"}),
        spec=DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=template("one"),
            strategy=strategy,
            **(defaults | spec),
        ),
    )


class World:
    """The cluster of one test: a Deployment, the two controllers, and a hand that plays kubelet."""

    def __init__(self, api: FakeApi, engine: Engine) -> None:
        self.api = api
        self.engine = engine
        assert isinstance(api.clock, FakeClock)
        self.clock = api.clock

    @property
    def deployment(self) -> Deployment:
        return self.api.find(Deployment, "default", "web")

    @property
    def sizes(self) -> dict[str, int]:
        """Pods wanted by image."""
        return {
            item.spec.template.spec.containers[0].image or "": item.spec.replicas or 0
            for item in self.api.all(ReplicaSet)
        }

    def conditions(self) -> dict[str, tuple[str, str | None]]:
        return {item.type: (item.status, item.reason) for item in self.deployment.status.conditions}

    def replica_set(self, image: str) -> ReplicaSet:
        [found] = [x for x in self.api.all(ReplicaSet) if x.spec.template.spec.containers[0].image == image]
        return found

    def messages(self, reason: str) -> list[str | None]:
        return [event.message for event in self.api.all(Event) if event.reason == reason]

    async def settle(self) -> None:
        """Until nothing moves, however often conflicts are tried again."""
        await self.api.delivered()
        await self.engine.settled()
        while self.clock.next_due is not None and self.clock.next_due < 1:
            self.clock.advance(self.clock.next_due)
            await self.engine.settled()

    async def change(self, **spec: Any) -> None:
        present = self.deployment
        await self.api.update(evolve(present, spec=evolve(present.spec, **spec)))
        await self.settle()

    async def get_ready(self, count: int = 1000) -> int:
        """Make up to so many pods ready; returns how many were not."""
        waiting = [pod for pod in self.api.all(Pod) if not is_ready(pod)]
        for pod in waiting[:count]:
            ready = PodCondition(type="Ready", status="True", last_transition_time=self.clock.now())
            self.api.put(evolve(pod, status=evolve(pod.status, phase="Running", conditions=(ready,))))
        await self.settle()
        return len(waiting)

    async def roll_out(self) -> None:
        while await self.get_ready():
            pass


@asynccontextmanager
async def world(*objects: Any) -> AsyncIterator[World]:
    api = FakeApi(*objects)
    engine = Engine([DeploymentController(), ReplicaSetController()], lambda name: api, clock=api.clock)
    await engine.start()
    try:
        story = World(api, engine)
        await story.settle()
        yield story
    finally:
        await engine.stop()


async def test_a_deployment_makes_a_replica_set_with_all_its_marks() -> None:
    async with world(deployment()) as story:
        made = story.replica_set("one")
        assert made.metadata.name == f"web-{made.metadata.labels[HASH]}"
        assert made.metadata.annotations == {
            "note": "x",
            "deployment.kubernetes.io/revision": "1",
            "deployment.kubernetes.io/desired-replicas": "2",
            "deployment.kubernetes.io/max-replicas": "3",
        }
        assert made.spec.selector.match_labels == {"app": "web", HASH: made.metadata.labels[HASH]}
        status = story.deployment.status
        assert (status.replicas, status.updated_replicas, status.unavailable_replicas) == (2, 2, 2)
        assert [(item.type, item.status, item.reason) for item in status.conditions] == [
            ("Available", "False", "MinimumReplicasUnavailable"),
            ("Progressing", "True", "ReplicaSetUpdated"),
        ]
        assert story.messages("ScalingReplicaSet") == [f"Scaled up replica set {made.metadata.name} from 0 to 2"]
        await story.roll_out()
        status = story.deployment.status
        assert (status.available_replicas, status.unavailable_replicas, status.terminating_replicas) == (2, 0, 0)
        assert story.conditions() == {
            "Available": ("True", "MinimumReplicasAvailable"),
            "Progressing": ("True", "NewReplicaSetAvailable"),
        }
        assert status.observed_generation == 1


async def test_an_update_goes_step_by_step() -> None:
    async with world(deployment(2)) as story:
        await story.roll_out()
        await story.change(template=template("two"))
        assert story.sizes == {"one": 2, "two": 1}
        await story.get_ready()
        assert story.sizes == {"one": 1, "two": 2}
        await story.get_ready()
        assert story.sizes == {"one": 0, "two": 2}
        assert story.conditions()["Progressing"] == ("True", "NewReplicaSetAvailable")
        assert story.deployment.metadata.annotations["deployment.kubernetes.io/revision"] == "2"


async def test_going_back_takes_the_old_replica_set_with_a_new_revision() -> None:
    async with world(deployment()) as story:
        await story.roll_out()
        await story.change(template=template("two"))
        await story.roll_out()
        await story.change(template=template("one"))
        await story.roll_out()
        assert story.sizes == {"one": 2, "two": 0}
        notes = story.replica_set("one").metadata.annotations
        assert notes["deployment.kubernetes.io/revision"] == "3"
        assert notes["deployment.kubernetes.io/revision-history"] == "1"
        assert story.deployment.metadata.annotations["deployment.kubernetes.io/revision"] == "3"


async def test_broken_new_pods_do_not_take_working_old_ones_away() -> None:
    async with world(deployment(4, surge=1, unavailable=1)) as story:
        await story.roll_out()
        await story.change(template=template("broken"))
        assert story.sizes == {"one": 3, "broken": 2}
        await story.change(template=template("three"))
        assert story.sizes == {"one": 3, "broken": 0, "three": 2}
        await story.roll_out()
        assert story.sizes == {"one": 0, "broken": 0, "three": 4}


async def test_recreate_waits_for_the_last_old_pod_to_end() -> None:
    async with world(deployment(1, strategy=DeploymentStrategy(type="Recreate"))) as story:
        [old] = story.api.all(Pod)
        story.api.put(evolve(old, spec=evolve(old.spec, node_name="n")))
        await story.roll_out()
        await story.change(template=template("two"))
        assert story.sizes == {"one": 0}
        assert story.deployment.status.terminating_replicas == 1
        story.api.remove(Pod, "default", old.metadata.name or "")
        await story.settle()
        assert story.sizes == {"one": 0, "two": 1}


async def test_a_paused_deployment_is_scaled_but_not_updated() -> None:
    async with world(deployment(1, surge="25%", unavailable="25%")) as story:
        await story.change(paused=True)
        assert story.conditions()["Progressing"] == ("Unknown", "DeploymentPaused")
        await story.change(template=template("two"), replicas=3)
        assert story.sizes == {"one": 3}
        assert story.deployment.status.updated_replicas == 0
        await story.change(paused=False)
        assert story.sizes == {"one": 3, "two": 1}
        assert story.conditions()["Progressing"] == ("True", "ReplicaSetUpdated")


async def test_a_roll_out_that_is_stuck_says_so_after_its_deadline() -> None:
    async with world(deployment(progress_deadline_seconds=60)) as story:
        story.clock.advance(59)
        await story.settle()
        assert story.conditions()["Progressing"] == ("True", "ReplicaSetUpdated")
        story.clock.advance(3)
        await story.settle()
        assert story.conditions()["Progressing"] == ("False", "ProgressDeadlineExceeded")
        await story.roll_out()
        assert story.conditions()["Progressing"] == ("True", "NewReplicaSetAvailable")


async def test_pods_count_as_available_after_min_ready_seconds() -> None:
    async with world(deployment(1, min_ready_seconds=30)) as story:
        await story.get_ready()
        assert (story.deployment.status.ready_replicas, story.deployment.status.available_replicas) == (1, 0)
        story.clock.advance(timedelta(seconds=30).total_seconds())
        await story.settle()
        assert story.deployment.status.available_replicas == 1


async def test_only_so_many_old_revisions_are_kept() -> None:
    async with world(deployment(1, revision_history_limit=1)) as story:
        for image in ("two", "three", "four"):
            await story.roll_out()
            await story.change(template=template(image))
        await story.roll_out()
        assert story.sizes == {"three": 0, "four": 1}


async def test_a_name_that_is_taken_is_avoided() -> None:
    async with world(deployment(1)) as first:
        name = first.replica_set("one").metadata.name
        stranger = first.replica_set("one")
    stranger = evolve(
        stranger,
        metadata=ObjectMeta(name=name, namespace="default", labels={"other": "x"}),
        spec=evolve(stranger.spec, replicas=0, selector=LabelSelector(match_labels={"other": "x"})),
    )
    async with world(stranger, deployment(1)) as story:
        assert story.deployment.status.collision_count == 1
        [made] = [item for item in story.api.all(ReplicaSet) if item.metadata.name != name]
        assert made.spec.replicas == 1


async def test_an_orphaned_replica_set_is_taken_back() -> None:
    async with world(deployment(1)) as first:
        orphan = first.replica_set("one")
    orphan = evolve(orphan, metadata=evolve(orphan.metadata, owner_references=(), uid=None))
    async with world(orphan, deployment(1)) as story:
        [adopted] = story.api.all(ReplicaSet)
        assert adopted.metadata.owner_references[0].uid == story.deployment.metadata.uid


numbers = st.integers(0, 4)
shares = st.sampled_from(["0%", "25%", "50%", "100%"])


@settings(max_examples=40)
@given(
    replicas=st.integers(1, 7),
    surge=numbers | shares,
    unavailable=numbers | shares,
    steps=st.lists(st.integers(1, 4), max_size=6),
    rescale=st.none() | st.integers(1, 7),
)
def test_a_roll_out_never_has_too_many_or_too_few(
    replicas: int, surge: Any, unavailable: Any, steps: list[int], rescale: int | None
) -> None:
    async def story_of_it() -> None:
        async with world(deployment(replicas, surge=surge, unavailable=unavailable)) as story:
            await story.roll_out()
            await story.change(template=template("two"))
            for step in steps:
                _check_bounds(story)
                await story.get_ready(step)
            if rescale is not None:
                await story.change(replicas=rescale)
            await story.roll_out()
            assert story.sizes == {"one": 0, "two": rescale or replicas}
            assert story.conditions()["Progressing"][1] == "NewReplicaSetAvailable"

    asyncio.run(story_of_it())


def _check_bounds(story: World) -> None:
    most_extra, most_missing = fence_posts(story.deployment)
    replicas = story.deployment.spec.replicas or 0
    pods = story.api.all(Pod)
    assert len(pods) <= replicas + most_extra
    assert sum(1 for pod in pods if is_ready(pod)) >= replicas - most_missing
