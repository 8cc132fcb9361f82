"""The controller at work: what it reads, through which API, and what it remembers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.metrics import MetricsProvider
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.builtin import Deployment
from sampan.core.model.meta import evolve
from sampan.core.model.unstructured import unstructured
from sampan.core.plugins import load_plugins
from sampan.core.reconcile.engine import Engine
from sampan.core.schema.codec import from_wire
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.control_plane import control_plane
from sampan.core.testing.decision_contracts import ControllerContract
from sampan.core.testing.fake_api import FakeApi
from sampan.core.testing.wait import soon
from sampan.plugins.controllers.autoscaling import providers
from sampan.plugins.controllers.autoscaling.controller import HorizontalPodAutoscalerController
from sampan.plugins.controllers.autoscaling.providers import AskedProvider, NoAnswer
from tests.plugins.controllers.autoscaling.cases import NOW, Fleet, autoscaler, conditions, pods

pytestmark = pytest.mark.anyio

QUEUE = {
    "type": "External",
    "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "10"}},
}
KEY = Key("default", "web")


def deployment(replicas: int) -> Deployment:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return from_wire(
        Deployment,
        {"metadata": {"name": "web", "namespace": "default"}, "spec": spec, "status": {"replicas": replicas}},
    )


class World:
    """The controller over a fake API, in time that a test moves."""

    def __init__(self, fleet: Fleet, of: HorizontalPodAutoscaler, replicas: int = 2) -> None:
        self.clock = FakeClock(NOW)
        self.api = FakeApi(of, deployment(replicas), *pods(replicas), clock=self.clock)
        controller = HorizontalPodAutoscalerController((Deployment,), {"fleet": fleet})
        self.engine = Engine([controller], lambda _name: self.api, clock=self.clock)

    async def __aenter__(self) -> World:
        await self.engine.start()
        await self.engine.settled()
        self.before_first_look = await self.after(14)
        await self.after(1)
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.engine.stop()

    async def after(self, seconds: float) -> int:
        """The number of pods that is wanted when so much time has passed."""
        self.clock.advance(seconds)
        await self.engine.settled()
        return self.replicas

    @property
    def replicas(self) -> int:
        return self.api.find(Deployment, "default", "web").spec.replicas or 0

    @property
    def conditions(self) -> dict[str, tuple[str, str | None]]:
        return conditions(self.api.find(HorizontalPodAutoscaler, "default", "web").status)


async def test_it_looks_fifteen_seconds_after_it_was_made_and_then_every_fifteen() -> None:
    fleet = Fleet(waiting=40)
    async with World(fleet, autoscaler(QUEUE)) as world:
        assert (world.before_first_look, world.replicas) == (2, 4)
        fleet.waiting = 60
        assert await world.after(14) == 4
        assert await world.after(1) == 6


async def test_policies_count_what_it_has_done_itself() -> None:
    slow = {"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}}
    async with World(Fleet(waiting=100), autoscaler(QUEUE, behavior=slow)) as world:
        assert world.replicas == 4
        assert await world.after(15) == 4
        assert world.conditions["ScalingLimited"] == ("True", "ScaleUpLimit")
        assert await world.after(45) == 6


async def test_it_shrinks_when_the_highest_advice_is_five_minutes_old() -> None:
    fleet = Fleet(waiting=40)
    async with World(fleet, autoscaler(QUEUE)) as world:
        fleet.waiting = 10
        for _ in range(20):
            assert await world.after(15) == 4
        assert await world.after(15) == 1


async def test_nothing_is_written_while_nothing_changes() -> None:
    async with World(Fleet(waiting=20), autoscaler(QUEUE)) as world:
        before = len(world.api.requests)
        for _ in range(8):
            await world.after(15)
        assert world.api.requests[before:] == []


async def test_two_autoscalers_of_the_same_pods_are_told() -> None:
    async with World(Fleet(waiting=20), autoscaler(QUEUE)) as world:
        first = world.api.find(HorizontalPodAutoscaler, "default", "web")
        world.api.put(evolve(first, metadata=evolve(first.metadata, name="twin", uid="other")))
        await world.api.delivered()
        await world.engine.settled()
        await world.after(15)
        assert world.conditions["ScalingActive"] == ("False", "AmbiguousSelector")


async def test_a_target_of_no_known_kind_is_told() -> None:
    of = autoscaler(QUEUE)
    lost = evolve(of.spec.scale_target_ref, kind="Barge")
    async with World(Fleet(), evolve(of, spec=evolve(of.spec, scale_target_ref=lost))) as world:
        assert world.conditions == {"AbleToScale": ("False", "FailedGetScale")}


class TestContract(ControllerContract):
    def make(self) -> HorizontalPodAutoscalerController:
        return HorizontalPodAutoscalerController((Deployment,), {"fleet": Fleet(waiting=20)})

    def stories(self) -> Sequence[Sequence[Any]]:
        return ((autoscaler(QUEUE), deployment(2), *pods(2)),)


async def test_a_provider_that_hangs_is_left_alone_until_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "PATIENCE", 0.01)
    go_on = threading.Event()
    asked = AskedProvider("slow", Fleet())

    def hang(_provider: MetricsProvider) -> int:
        go_on.wait(10)
        return 1

    with pytest.raises(NoAnswer, match="has not answered in 0 s"):
        await asked.ask(hang)
    with pytest.raises(NoAnswer, match="still has not answered"):
        await asked.ask(lambda _provider: 2)
    go_on.set()

    async def answers() -> bool:
        try:
            return await asked.ask(lambda _provider: 3) == 3
        except NoAnswer:
            return False

    await soon(answers)


BOATS = {
    "metadata": {"name": "boats.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Boat", "plural": "boats", "singular": "boat", "listKind": "BoatList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                "subresources": {
                    "scale": {
                        "specReplicasPath": ".spec.masts",
                        "statusReplicasPath": ".status.masts",
                        "labelSelectorPath": ".status.selector",
                    }
                },
            }
        ],
    },
}
Boat = unstructured("example.com/v1", "Boat", "boats")


async def test_custom_resources_are_scaled_in_its_own_name(tmp_path: Path) -> None:
    """With the controller's own rights alone, through the real API."""
    plugins = load_plugins()
    plugins.registry.metrics_provider("fleet", lambda: Fleet(waiting=50))
    clock = FakeClock(NOW)
    async with control_plane(tmp_path, plugins=plugins, controllers=True, clock=clock) as plane:
        await plane.client.create(from_wire(CustomResourceDefinition, BOATS))
        made = {"spec": {"masts": 2}, "status": {"masts": 2, "selector": "app=boat"}}
        boat = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "b", "namespace": "default"}}

        async def is_served() -> bool:
            definition = await plane.client.get(CustomResourceDefinition, "", "boats.example.com")
            return any(each.type == "Established" and each.status == "True" for each in definition.status.conditions)

        await soon(is_served)
        await plane.client.create(from_wire(Boat, {**boat, **made}))
        of = autoscaler(QUEUE)
        reference = evolve(of.spec.scale_target_ref, api_version="example.com/v1", kind="Boat", name="b")
        await plane.client.create(evolve(of, spec=evolve(of.spec, scale_target_ref=reference)))

        async def is_scaled() -> bool:
            clock.advance(5)
            return bool((await plane.client.get(Boat, "default", "b")).spec["masts"] == 5)

        await soon(is_scaled)
