"""A CSI driver of a plugin in a whole cluster: announced, asked, asked to make volumes, and given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from sampan.core.contracts.bases import CsiDriverBase
from sampan.core.contracts.csi import CsiRequest, CsiSettings
from sampan.core.hooks import hookimpl
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.storage_v1.csi_driver import CSIDriver
from sampan.core.model.storage_v1.csi_node import CSINode
from sampan.core.registry import Registry
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.wait import eventually


class Kept(CsiDriverBase):
    def fill(self, request: CsiRequest, folder: Path) -> None:
        (folder / "greeting").write_text("hello")


class Everywhere(Kept):
    """Its volumes are for pods of any node."""

    node_bound = False
    shared: ClassVar[Path]

    def __init__(self, settings: CsiSettings) -> None:
        super().__init__(attrs.evolve(settings, folder=self.shared))


class Plugin:
    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        registry.csi_driver("kept.example.com", Kept)
        registry.csi_driver("everywhere.example.com", Everywhere)


@pytest.fixture(autouse=True)
def _shared_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Everywhere, "shared", tmp_path / "shared", raising=False)


DRIVERS = ("kept.example.com", "everywhere.example.com")
pytestmark = pytest.mark.sampan(plugins=[Plugin()], nodes=2)


def pod(name: str = "web", **source: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]
    spec = {"containers": containers, "volumes": [{"name": "v", **source}], "terminationGracePeriodSeconds": 0}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def claim(driver: str) -> list[dict[str, Any]]:
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "made"},
        "provisioner": driver,
        "allowVolumeExpansion": True,
    }
    spec = {
        "storageClassName": "made",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
    }
    return [
        storage_class,
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec},
    ]


def await_greetings(folder: Path, *texts: str) -> None:
    """Folders come and go while they are looked through."""
    eventually(lambda: [path.read_text() for path in folder.rglob("greeting")] == list(texts), but=(OSError,))


def test_objects_tell_of_the_drivers(sampan_cluster: LiveCluster) -> None:
    for name in DRIVERS:
        assert sampan_cluster.get(CSIDriver, "", name).spec.volume_lifecycle_modes == ("Persistent", "Ephemeral")
    for node in ("node", "node-2"):
        found = sampan_cluster.get(CSINode, "", node)
        assert {driver.name for driver in found.spec.drivers} == set(DRIVERS)
        assert [(owner.kind, owner.name) for owner in found.metadata.owner_references] == [("Node", node)]


def test_a_pods_own_volume_is_there_and_goes_with_it(sampan_cluster: LiveCluster, tmp_path: Path) -> None:
    sampan_cluster.apply(pod(csi={"driver": DRIVERS[0]}))
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    await_greetings(tmp_path, "hello")
    sampan_cluster.delete(Pod, "default", "web")
    sampan_cluster.wait_gone(Pod, "default", "web")
    await_greetings(tmp_path)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_claim_is_served_grown_and_deleted(sampan_cluster: LiveCluster, tmp_path: Path, driver: str) -> None:
    sampan_cluster.apply([*claim(driver), pod(persistentVolumeClaim={"claimName": "data"})])
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    [volume] = sampan_cluster.list(PersistentVolume)
    assert volume.spec.csi is not None
    assert volume.spec.csi.driver == driver
    assert (volume.spec.node_affinity is not None) == (driver == "kept.example.com")
    await_greetings(tmp_path, "hello")
    more = {"spec": {"resources": {"requests": {"storage": "2Mi"}}}}
    sampan_cluster.patch(PersistentVolumeClaim, "default", "data", more)
    sampan_cluster.wait_for(
        PersistentVolumeClaim, "default", "data", lambda claim: claim.status.capacity.get("storage") == "2Mi"
    )
    sampan_cluster.delete(Pod, "default", "web")
    sampan_cluster.wait_gone(Pod, "default", "web")
    await_greetings(tmp_path, "hello")
    sampan_cluster.delete(PersistentVolumeClaim, "default", "data")
    sampan_cluster.wait_gone(PersistentVolume, "", volume.metadata.name or "")
    await_greetings(tmp_path)


def test_a_pod_whose_driver_is_not_there_is_told(sampan_cluster: LiveCluster) -> None:
    sampan_cluster.apply(pod(csi={"driver": "nobody.example.com"}))

    def told() -> bool:
        events = sampan_cluster.events("web", reason="FailedMount")
        return any("driver name nobody.example.com not found in the list" in (event.message or "") for event in events)

    eventually(told)
