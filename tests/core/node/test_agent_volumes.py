"""Stories of pods with volumes and values that are not there yet, hang or grow."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sampan.core.model.core_v1.configuration import ConfigMap
from sampan.core.model.core_v1.container import Container, VolumeMount
from sampan.core.model.core_v1.environment import EnvVar, EnvVarSource
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.projection import ConfigMapVolumeSource
from sampan.core.model.core_v1.references import ConfigMapKeySelector
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.object_meta import ObjectMeta

pytestmark = pytest.mark.anyio

Bench = Any


async def test_a_missing_config_map_keeps_the_container_waiting_until_it_is_there(bench: Bench) -> None:
    source = EnvVarSource(config_map_key_ref=ConfigMapKeySelector(name="settings", key="colour"))
    bench.put("web", Container(name="main", image="x", env=(EnvVar(name="COLOUR", value_from=source),)))
    await bench.becomes("Pending: main CreateContainerConfigError 0")
    assert bench.pod().status.container_statuses[0].state.waiting.message == 'configmap "settings" not found'
    meta = ObjectMeta(name="settings", namespace="default")
    bench.api.put(ConfigMap(metadata=meta, data={"colour": "blue"}))
    await bench.pass_time(1)
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers.values()
    assert ("COLOUR", "blue") in container.config.env


async def test_volumes_are_there_before_the_containers_and_gone_after_the_pod(bench: Bench) -> None:
    mount = VolumeMount(name="cache", mount_path="/cache")
    volume = Volume(name="cache", empty_dir=EmptyDirVolumeSource())
    bench.put("web", Container(name="main", image="x", volume_mounts=(mount,)), volumes=(volume,))
    await bench.becomes("Running: main running 0 ready")
    (container,) = bench.world.containers.values()
    (made,) = [each for each in container.config.mounts if each.container_path == "/cache"]
    uid = bench.pod().metadata.uid
    assert made.host_path == str(bench.directory / "pods" / uid / "volumes" / "emptyDir" / "cache")
    await bench.api.delete(Pod, "default", "web")
    await bench.until(lambda: not bench.api.all(Pod))
    await bench.until(lambda: not (bench.directory / "pods" / uid).exists())


async def test_a_driver_that_hangs_holds_up_neither_the_relist_nor_other_pods(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = [], threading.Event()

    def refresh(pod: Pod, _warn: Any) -> None:
        asked.append(pod.metadata.name)
        if pod.metadata.name == "stuck":
            assert go_on.wait(10)

    for name in ("stuck", "web"):
        bench.put(name, volumes=(Volume(name="v", empty_dir=EmptyDirVolumeSource()),))
        await bench.becomes("Running: main running 0 ready", name)
    monkeypatch.setattr(bench.agent._volumes, "refresh", refresh)
    for rounds in (1, 2):
        await bench.until(lambda: bench.clock.next_due is not None)
        bench.time.advance(61)
        await bench.until(lambda count=rounds: asked.count("web") == count and "stuck" in asked)
    assert asked.count("stuck") == 1, "not again before it has ended"
    go_on.set()


async def test_a_volume_that_cannot_be_made_is_said_and_tried_again(bench: Bench) -> None:
    bench.put(volumes=(Volume(name="v", config_map=ConfigMapVolumeSource(name="late")),))
    await bench.until(lambda: bench.events("FailedMount"))
    assert bench.events("FailedMount")[0][1] == 'MountVolume.SetUp failed for volume "v" : configmap "late" not found'
    await bench.becomes("Pending: main ContainerCreating 0")
    bench.api.put(ConfigMap(metadata=ObjectMeta(name="late", namespace="default"), data={"a": "1"}))
    await bench.pass_time(1)
    await bench.becomes("Running: main running 0 ready")


async def test_a_pod_whose_volume_grows_over_its_limit_is_evicted(bench: Bench) -> None:
    limited = Volume(name="cache", empty_dir=EmptyDirVolumeSource(size_limit=Quantity("64Ki")))
    pod = bench.put(volumes=(limited,))
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(10)
    folder = bench.directory / "pods" / pod.metadata.uid / "volumes" / "emptyDir" / "cache"
    (folder / "big").write_bytes(bytes(100_000))
    bench.time.advance(10)
    await bench.becomes("Failed: main Completed 0 0")
    assert bench.pod().status.reason == "Evicted"
    assert bench.pod().status.message == 'Usage of EmptyDir volume "cache" exceeds the limit "64Ki". '
    assert "DisruptionTarget" not in {each.type for each in bench.pod().status.conditions}
