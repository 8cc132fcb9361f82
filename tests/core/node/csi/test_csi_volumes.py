"""CSI drivers that are Python classes: pods' own volumes, claims', and what a CSIDriver has the node do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from sampan.core.contracts.bases import CsiDriverBase
from sampan.core.contracts.csi import CsiDriver, CsiRequest, CsiSettings
from sampan.core.contracts.provisioner import ProvisioningFailure, ProvisionRequest
from sampan.core.contracts.volume import VolumeDriver, VolumeFailure
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.persistent_volume import PersistentVolume
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.kinds import KubeObject
from sampan.core.model.storage_v1.csi_driver import CSIDriver
from sampan.core.node.csi.drivers import CsiDrivers, NamedDriver
from sampan.core.node.csi.provisioner import CsiProvisioner
from sampan.core.node.csi.volumes import CsiVolumes
from sampan.core.plugins.account import Account
from sampan.core.plugins.part_calls import PartCalls
from sampan.core.plugins.patience import Patience
from sampan.core.schema.codec import from_wire
from sampan.core.testing.csi_contract import CsiContract
from sampan.core.testing.volume_contract import VolumeBench, VolumeContract

NAME = "disks.example.com"


class Disks(CsiDriverBase):
    """Notes what it is asked."""

    def __init__(self, settings: CsiSettings, calls: list[str] | None = None) -> None:
        super().__init__(settings)
        self.calls: list[str] = [] if calls is None else calls
        self.asked: list[CsiRequest] = []
        self.error: Exception | None = None

    def publish(self, request: CsiRequest) -> Path:
        self.calls.append(f"publish {request.pod.metadata.uid}")
        self.asked.append(request)
        if self.error:
            raise self.error
        return super().publish(request)

    def unpublish(self, handle: str, target: Path) -> None:
        self.calls.append("unpublish")


class Staged(Disks):
    def stage(self, request: CsiRequest, staging: Path) -> None:
        self.calls.append("stage")

    def unstage(self, handle: str, staging: Path) -> None:
        self.calls.append("unstage")


class TestBase(CsiContract):
    def make(self, settings: CsiSettings) -> CsiDriver:
        return CsiDriverBase(settings)


class TestStaged(CsiContract):
    def make(self, settings: CsiSettings) -> CsiDriver:
        return Staged(settings)


def settings(tmp_path: Path) -> CsiSettings:
    return CsiSettings(node="node", folder=tmp_path / "drivers")


def drivers(tmp_path: Path, made: CsiDriver) -> CsiDrivers:
    calls = PartCalls(Patience(Account(CollectorRegistry())), "mine", "the CSI driver", 60)
    return CsiDrivers("node", tmp_path / "staged", {NAME: NamedDriver(NAME, made, calls)})


class TestAsAVolumeDriver(VolumeContract):
    """The node's own part keeps every promise of a volume driver, with the simplest driver behind it."""

    takes_disk = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_driver(self) -> VolumeDriver:
        return CsiVolumes(drivers(self.folder, CsiDriverBase(settings(self.folder))))

    def make_volume(self, tmp_path: Path) -> Volume:
        return inline()


def inline(**changes: Any) -> Volume:
    return from_wire(Volume, {"name": "v", "csi": {"driver": NAME, **changes}})


CLAIMED = Volume(name="v")


def persistent(**changes: Any) -> PersistentVolume:
    source = {"driver": NAME, "volumeHandle": "disk-7", **changes}
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "csi": source}
    return from_wire(PersistentVolume, {"metadata": {"name": "pv"}, "spec": spec})


def csi_driver(**spec: Any) -> CSIDriver:
    return from_wire(CSIDriver, {"metadata": {"name": NAME}, "spec": spec})


def secret() -> Secret:
    return from_wire(Secret, {"metadata": {"name": "key", "namespace": "default"}, "data": {"word": "c2VzYW1l"}})


def published(tmp_path: Path, volume: Volume, *objects: KubeObject, **context: Any) -> CsiRequest:
    """What the driver was asked for a pod with ``volume``."""
    disks = Disks(settings(tmp_path))
    bench = VolumeBench(tmp_path / "pods", objects)
    CsiVolumes(drivers(tmp_path, disks)).publish(bench.context(volume, **context))
    return disks.asked[0]


def test_a_pods_own_volume_is_asked_for_with_all_that_is_said_of_it(tmp_path: Path) -> None:
    volume = inline(
        fsType="ext4", readOnly=True, volumeAttributes={"size": "7"}, nodePublishSecretRef={"name": "key"}
    )  # fmt: skip
    request = published(tmp_path, volume, secret())
    assert (request.fs_type, request.read_only, request.ephemeral) == ("ext4", True, True)
    assert request.attributes == {"size": "7"}
    assert request.secrets == {"word": "sesame"}


def test_two_volumes_have_two_handles(tmp_path: Path) -> None:
    one = published(tmp_path / "1", inline())
    two = published(tmp_path / "2", inline(), metadata={"uid": "u2"})
    assert one.handle.startswith("csi-")
    assert one.handle != two.handle


def test_the_driver_is_told_of_the_pod_where_its_object_says_so(tmp_path: Path) -> None:
    told = csi_driver(podInfoOnMount=True, volumeLifecycleModes=["Ephemeral"])
    attributes = published(tmp_path, inline(), told).attributes
    assert attributes["csi.storage.k8s.io/pod.name"] == "web"
    assert attributes["csi.storage.k8s.io/pod.namespace"] == "default"
    assert attributes["csi.storage.k8s.io/ephemeral"] == "true"


@pytest.mark.parametrize("in_secrets", [True, False])
def test_tokens_are_handed_over_where_the_object_says_so(tmp_path: Path, in_secrets: bool) -> None:
    told = csi_driver(
        tokenRequests=[{"audience": "vault"}],
        volumeLifecycleModes=["Ephemeral"],
        serviceAccountTokenInSecrets=in_secrets,
    )
    request = published(tmp_path, inline(), told, token=lambda audience, seconds: f"{audience}-{seconds}")
    holder = request.secrets if in_secrets else request.attributes
    given = json.loads(holder["csi.storage.k8s.io/serviceAccount.tokens"])
    assert given["vault"]["token"] == "vault-3600"
    assert len(request.secrets) + len(request.attributes) == 1


def test_an_object_that_says_other_modes_refuses(tmp_path: Path) -> None:
    with pytest.raises(VolumeFailure, match=r'"Ephemeral" not supported by .*only supports \["Persistent"\]'):
        published(tmp_path, inline(), csi_driver(volumeLifecycleModes=["Persistent"]))


def test_an_unknown_driver_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    volume = from_wire(Volume, {"name": "v", "csi": {"driver": "nobody.example.com"}})
    with pytest.raises(VolumeFailure, match=r"driver name nobody.example.com not found in the list.*disks.example.com"):
        published(tmp_path, volume)


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VolumeFailure, match="default/key failed"):
        published(tmp_path, inline(nodePublishSecretRef={"name": "key"}))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (VolumeFailure("no room"), "the CSI driver disks.example.com: no room"),
        (OSError("disk on fire"), "the CSI driver disks.example.com: disk on fire"),
        (KeyError("x"), "the CSI driver disks.example.com broke: KeyError: 'x'"),
    ],
)
def test_what_a_driver_raises_names_it_and_is_undone_with_the_pod(tmp_path: Path, error: Exception, words: str) -> None:
    disks = Disks(settings(tmp_path))
    disks.error = error
    volumes = CsiVolumes(drivers(tmp_path, disks))
    context = VolumeBench(tmp_path / "pods").context(inline())
    with pytest.raises(VolumeFailure) as refused:
        volumes.publish(context)
    assert str(refused.value) == words
    volumes.unpublish(context.directory)
    assert disks.calls == ["publish u1", "unpublish"]
    assert not context.directory.exists()


@pytest.mark.parametrize("answer", ["/somewhere", Path("relative"), Path("/not/there"), None])
def test_a_wrong_answer_is_refused(tmp_path: Path, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CsiDriverBase, "publish", lambda self, request: answer)
    with pytest.raises(VolumeFailure, match=r"the CSI driver disks.example.com (returned|says)"):
        published(tmp_path, inline())


def test_a_claims_volume_is_staged_once_for_all_pods_of_the_node(tmp_path: Path) -> None:
    calls: list[str] = []

    def volumes() -> CsiVolumes:
        """As after a restart."""
        return CsiVolumes(drivers(tmp_path, Staged(settings(tmp_path), calls)))

    one, two = (
        VolumeBench(tmp_path / uid).context(CLAIMED, metadata={"uid": uid}) for uid in ("u1", "u2")
    )  # fmt: skip
    first = volumes().publish_claimed(one, persistent())
    second = volumes().publish_claimed(two, persistent())
    assert first.host_path == second.host_path
    volumes().unpublish(one.directory)
    volumes().unpublish(one.directory)
    assert "unstage" not in calls
    volumes().unpublish(two.directory)
    assert calls == ["stage", "publish u1", "stage", "publish u2", "unpublish", "unpublish", "unstage"]


def test_each_folder_of_the_node_goes_with_the_last_pod(tmp_path: Path) -> None:
    volumes = CsiVolumes(drivers(tmp_path, Staged(settings(tmp_path))))
    context = VolumeBench(tmp_path / "pods").context(CLAIMED)
    volumes.publish_claimed(context, persistent())
    volumes.unpublish(context.directory)
    assert [path for path in (tmp_path / "staged").rglob("*") if path.name != NAME] == []
    assert list((tmp_path / "pods").iterdir()) == []


def test_only_a_driver_that_asks_for_it_is_asked_again(tmp_path: Path) -> None:
    for object_, times in ((csi_driver(volumeLifecycleModes=["Ephemeral"]), 1), (REPUBLISH, 2)):
        disks = Disks(settings(tmp_path))
        volumes = CsiVolumes(drivers(tmp_path, disks))
        context = VolumeBench(tmp_path / "pods", [object_]).context(inline())
        volumes.publish(context)
        volumes.refresh(context)
        assert len(disks.calls) == times


REPUBLISH = csi_driver(volumeLifecycleModes=["Ephemeral"], requiresRepublish=True)


def provisioner(tmp_path: Path) -> CsiProvisioner:
    disks = Disks(settings(tmp_path))
    return CsiProvisioner(NAME, disks, drivers(tmp_path, disks).by_name[NAME].run)


def request(**parameters: str) -> ProvisionRequest:
    return ProvisionRequest(name="pvc-1", size=7, parameters=parameters)


def test_a_class_makes_volumes_that_name_the_driver(tmp_path: Path) -> None:
    parameters = {"speed": "fast", "csi.storage.k8s.io/fstype": "xfs"}
    source = provisioner(tmp_path).provision(request(**parameters))["csi"]
    assert (source.driver, source.volume_handle, source.fs_type) == (NAME, "pvc-1", "xfs")
    assert source.volume_attributes == {"speed": "fast"}


def test_reserved_parameters_that_would_be_lost_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningFailure, match="provisioner-secret-name is none that sampan hands on"):
        provisioner(tmp_path).provision(request(**{"csi.storage.k8s.io/provisioner-secret-name": "x"}))


def test_nothing_of_another_driver_is_deleted(tmp_path: Path) -> None:
    other = persistent(driver="other.example.com")
    with pytest.raises(ProvisioningFailure, match="none of the CSI driver disks"):
        provisioner(tmp_path).delete(other)
