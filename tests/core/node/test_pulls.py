"""Pulling: once for all who wait, and content with what is there where a registry cannot be reached."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sampan.core.contracts.runtime import Auth, Image, ImageError, RuntimeFailure
from sampan.core.errors import ServiceUnavailable
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.model.core_v1.event import Event
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.references import LocalObjectReference
from sampan.core.model.core_v1.volume import ImageVolumeSource, Volume

pytestmark = pytest.mark.anyio

Bench = Any


class Registry:
    """A simulated runtime whose images come from somewhere."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self.images: dict[str, Image] = {}
        self.pulls: list[str] = []
        self.reachable = True
        self.gate = threading.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)

    def image(self, image: str) -> Image | None:
        return self.images.get(image)

    def pull_image(self, image: str, auth: Auth | None = None) -> str:
        self.pulls.append(image)
        self.gate.wait(10)
        if not self.reachable:
            raise ImageError("the registry does not answer")
        self.images[image] = Image(id="i", tags=(image,), digests=(f"{image}@sha256:1",), size=42)
        return "i"


@pytest.fixture
async def registry(bench: Bench) -> Registry:
    registry = Registry(bench.runtime)
    await bench.agent.stop()
    bench.runtime = registry
    bench.agent = bench.make_agent()
    await bench.agent.start()
    return registry


async def test_pods_that_want_the_same_image_wait_for_one_pull(bench: Bench, registry: Registry) -> None:
    registry.gate.clear()
    for name in ("a", "b"):
        bench.put(name)
    await bench.until(lambda: len(bench.events("Pulling")) == 2)
    assert bench.state("a") == "Pending: main ContainerCreating 0"
    registry.gate.set()
    for name in ("a", "b"):
        await bench.becomes("Running: main running 0 ready", name)
    assert registry.pulls == ["nginx:1.27"]
    await bench.agent.settled()
    pulled = bench.events("Pulled")[0][1]
    assert pulled.startswith('Successfully pulled image "nginx:1.27" in ')
    assert pulled.endswith("Image size: 42 bytes.")


async def test_a_deletion_does_not_wait_for_a_pull(bench: Bench, registry: Registry) -> None:
    registry.gate.clear()
    bench.put()
    await bench.until(lambda: bench.events("Pulling"))
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: not bench.api.all(Pod))
    registry.gate.set()


async def test_an_image_that_is_there_will_do_where_its_registry_does_not_answer(
    bench: Bench, registry: Registry
) -> None:
    image = Image(id="i", tags=("nginx",), digests=("nginx@sha256:1",))
    registry.images["nginx"] = image
    registry.reachable = False
    always = Container(name="main", image="nginx", image_pull_policy="Always")
    bench.put("a", always)
    await bench.becomes("Running: main running 0 ready", "a")
    await bench.agent.settled()
    message = 'Failed to pull image "nginx": the registry does not answer; the image that is there is used'
    assert bench.events("Failed") == [("Failed", message)]
    bench.put("b", always)
    await bench.becomes("Running: main running 0 ready", "b")
    assert registry.pulls == ["nginx"], "what failed a moment ago is not tried for the next pod"


def engine_goes_away(bench: Bench, registry: Registry, patch: pytest.MonkeyPatch) -> None:
    """While the pull is under way; so it cannot be asked about the image afterwards."""

    def refuse(_image: str) -> None:
        raise RuntimeFailure("the engine does not answer")

    def pull(_image: str, _auth: Auth | None = None) -> str:
        patch.setattr(registry, "image", refuse)
        raise ImageError("the engine has ended")

    patch.setattr(registry, "pull_image", pull)


def secrets_cannot_be_read(bench: Bench, registry: Registry, patch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> None:
        raise ServiceUnavailable("the store is busy")

    patch.setattr(bench.api, "get", refuse)


def runtime_is_broken(bench: Bench, registry: Registry, patch: pytest.MonkeyPatch) -> None:
    def broken(_image: str, _auth: Auth | None = None) -> str:
        raise KeyError("Id")

    patch.setattr(registry, "pull_image", broken)


@pytest.mark.parametrize("trouble", [engine_goes_away, secrets_cannot_be_read, runtime_is_broken])
async def test_a_pull_that_fails_for_whatever_reason_is_tried_again(
    bench: Bench, registry: Registry, trouble: Callable[[Bench, Registry, pytest.MonkeyPatch], None]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        trouble(bench, registry, patch)
        bench.put(image_pull_secrets=(LocalObjectReference(name="login"),))
        await bench.becomes("Pending: main ImagePullBackOff 0")
    await bench.pass_time(10)
    await bench.becomes("Running: main running 0 ready")


def with_model(bench: Bench, name: str = "web", policy: str = "IfNotPresent") -> None:
    """A pod whose only container mounts an image."""
    source = ImageVolumeSource(reference="models/boat:1", pull_policy=policy)
    mount = VolumeMount(name="model", mount_path="/model")
    container = Container(name="main", image="nginx:1.27", volume_mounts=(mount,))
    bench.put(name, container, volumes=(Volume(name="model", image=source),))


async def test_an_image_that_is_a_volume_is_pulled_before_the_containers_own_and_told_of_at_the_pod(
    bench: Bench, registry: Registry
) -> None:
    with_model(bench)
    await bench.becomes("Running: main running 0 ready")
    await bench.agent.settled()
    assert registry.pulls == ["models/boat:1", "nginx:1.27"]
    pulling = {
        each.message: each.involved_object.field_path for each in bench.api.all(Event) if each.reason == "Pulling"
    }
    assert pulling == {
        'Pulling image "models/boat:1"': None,
        'Pulling image "nginx:1.27"': "spec.containers{main}",
    }


async def test_a_volumes_image_is_pulled_by_the_volumes_policy(bench: Bench, registry: Registry) -> None:
    for name in ("models/boat:1", "nginx:1.27"):
        registry.images[name] = Image(id="i", tags=(name,), digests=(f"{name}@sha256:1",))
    with_model(bench, "always", "Always")
    with_model(bench, "enough")
    for name in ("always", "enough"):
        await bench.becomes("Running: main running 0 ready", name)
    assert registry.pulls == ["models/boat:1"]


async def test_a_container_waits_for_the_image_of_its_volume_as_for_its_own(bench: Bench, registry: Registry) -> None:
    with_model(bench, policy="Never")
    await bench.becomes("Pending: main ErrImageNeverPull 0")
    registry.reachable = False
    with_model(bench, "far")
    await bench.becomes("Pending: main ImagePullBackOff 0", "far")
    waiting = bench.pod("far").status.container_statuses[0].state.waiting
    assert waiting.message.startswith('Back-off pulling image "models/boat:1": ErrImagePull:')
    registry.reachable = True
    await bench.pass_time(10)
    await bench.becomes("Running: main running 0 ready", "far")
