"""The suite that every CSI driver runs: subclass `CsiContract` and say how yours is made.

>>> class TestMine(CsiContract):
...     def attributes(self): return {"archive": "a.tar"}
...     def make(self, settings: CsiSettings) -> CsiDriver:
...         return Mine(settings)

What a driver offers besides (`StagingCsiDriver`, `ProvisioningCsiDriver`) decides which tests apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from sampan.core.contracts.csi import CsiDriver, CsiRequest, CsiSettings, ProvisioningCsiDriver, StagingCsiDriver
from sampan.core.contracts.provisioner import ProvisionRequest
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import from_wire

POD: Mapping[str, Any] = {
    "metadata": {"name": "web", "namespace": "default", "uid": "u1"},
    "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]},
}
MEGABYTE = 1 << 20


class CsiContract:
    """Every promise of `sampan.core.contracts.csi.CsiDriver`, for volumes of a pod's own and for claims'."""

    keeps_data: ClassVar[bool] = True
    """Pods write into it."""

    def make(self, settings: CsiSettings) -> CsiDriver:
        raise NotImplementedError("give this suite a driver")

    def attributes(self) -> Mapping[str, str]:
        """What a volume that can be published has."""
        return {}

    @pytest.fixture
    def settings(self, tmp_path: Path) -> CsiSettings:
        return CsiSettings(node="node", folder=tmp_path / "driver")

    @pytest.fixture(params=["Ephemeral", "Persistent"])
    def request_(self, request: pytest.FixtureRequest, settings: CsiSettings, tmp_path: Path) -> CsiRequest:
        """For each sort that the driver serves."""
        mode = request.param
        driver = self.make(settings)
        if mode not in (driver.about.volume_lifecycle_modes or ("Persistent",)):
            pytest.skip(f"its volumes are not {mode}")
        (tmp_path / "pod").mkdir()
        wanted = CsiRequest(
            handle="volume-1", target=tmp_path / "pod" / "mount", attributes=self.attributes(),
            access_modes=("ReadWriteOnce",), ephemeral=mode == "Ephemeral", pod=from_wire(Pod, POD),
        )  # fmt: skip
        if mode == "Persistent" and isinstance(driver, ProvisioningCsiDriver):
            made = driver.create(self.provision_request())
            wanted = attrs.evolve(wanted, handle=made.handle, attributes=made.attributes)
        if mode == "Persistent" and isinstance(driver, StagingCsiDriver):
            (tmp_path / "staging").mkdir()
            driver.stage(wanted, tmp_path / "staging")
            wanted = attrs.evolve(wanted, staging=tmp_path / "staging")
        return wanted

    def provision_request(self) -> ProvisionRequest:
        return ProvisionRequest(name="pvc-1", size=MEGABYTE, parameters=self.attributes())

    def test_what_is_published_is_there(self, settings: CsiSettings, request_: CsiRequest) -> None:
        path = self.make(settings).publish(request_)
        assert path.is_absolute()
        assert path.exists()

    def test_published_again_it_is_as_it_was(self, settings: CsiSettings, request_: CsiRequest) -> None:
        path = self.make(settings).publish(request_)
        if self.keeps_data:
            (path / "written").write_text("by the pod")
        assert self.make(settings).publish(request_) == path
        assert not self.keeps_data or (path / "written").read_text() == "by the pod"

    def test_it_is_given_back_by_another_object_and_twice(self, settings: CsiSettings, request_: CsiRequest) -> None:
        self.make(settings).publish(request_)
        for _ in range(2):
            self.make(settings).unpublish(request_.handle, request_.target)
        assert not request_.target.is_mount()

    def test_what_never_was_is_given_back(self, settings: CsiSettings, tmp_path: Path) -> None:
        self.make(settings).unpublish("no-such-volume", tmp_path / "nowhere")

    def test_a_claims_data_outlives_the_pod(self, settings: CsiSettings, request_: CsiRequest) -> None:
        if request_.ephemeral or not self.keeps_data:
            pytest.skip("it has no data to keep")
        driver = self.make(settings)
        (driver.publish(request_) / "written").write_text("by the pod")
        driver.unpublish(request_.handle, request_.target)
        assert (driver.publish(request_) / "written").read_text() == "by the pod"

    def test_what_is_staged_is_unstaged_and_both_twice(self, settings: CsiSettings, request_: CsiRequest) -> None:
        driver = self.make(settings)
        if not isinstance(driver, StagingCsiDriver) or request_.staging is None:
            pytest.skip("it does not stage")
        driver.stage(request_, request_.staging)
        for _ in range(2):
            driver.unstage(request_.handle, request_.staging)
        assert not request_.staging.is_mount()

    def test_a_name_is_made_once_grown_and_deleted(self, settings: CsiSettings) -> None:
        driver = self.make(settings)
        if not isinstance(driver, ProvisioningCsiDriver):
            pytest.skip("it makes no volumes")
        made = driver.create(self.provision_request())
        assert made.handle
        assert driver.create(self.provision_request()) == made
        driver.expand(made.handle, 2 * MEGABYTE)
        for _ in range(2):
            driver.delete(made.handle)
