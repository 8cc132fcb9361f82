"""The volume driver contract as tests: every promise of `sampan.core.contracts.volume.VolumeDriver`.

A driver's author subclasses `VolumeContract` and says which driver, and which volume to try it with::

    class TestMine(VolumeContract):
        def make_driver(self) -> VolumeDriver: ...
        def make_volume(self, tmp_path: Path) -> Volume: ...

Set ``keeps_data`` where pods may write and find their data again; override ``objects`` for API objects the volume needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sampan.core.contracts.volume import VolumeContext, VolumeDriver
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.volume import Volume
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta_v1.object_meta import ObjectMeta


class VolumeBench:
    """Makes contexts for a driver, with API objects held in a dictionary and warnings collected."""

    def __init__(self, directory: Path, objects: Iterable[KubeObject] = ()) -> None:
        self.directory = directory
        self.objects = {(type(obj), *obj.key): obj for obj in objects}
        self.warnings: list[str] = []

    def put(self, obj: KubeObject) -> None:
        self.objects[type(obj), *obj.key] = obj

    def get(self, kind: type[KubeObject], namespace: str, name: str) -> KubeObject | None:
        return self.objects.get((kind, namespace, name))

    def context(self, volume: Volume, **changes: Any) -> VolumeContext:
        spec = PodSpec(volumes=(volume,), **changes.pop("spec", {}))
        meta: dict[str, Any] = {"name": "web", "namespace": "default", "uid": "u1", **changes.pop("metadata", {})}
        values: dict[str, Any] = {
            "pod": Pod(metadata=ObjectMeta(**meta), spec=spec),
            "volume": volume,
            "directory": self.directory / volume.name,
            "get": self.get,
            "warn": self.warnings.append,
        }
        return VolumeContext(**{**values, **changes})


class VolumeContract:
    """Every promise of a volume driver."""

    keeps_data: ClassVar[bool] = True
    """Pods write into it, and a new publish finds what they wrote."""
    owns_data: ClassVar[bool] = True
    """`unpublish` removes it (a node's own folder stays)."""
    takes_disk: ClassVar[bool] = True
    """What pods write takes the node's disk for them (a tmpfs, or a folder that is not theirs, does not)."""

    def make_driver(self) -> VolumeDriver:
        raise NotImplementedError("give this suite a driver")

    def make_volume(self, tmp_path: Path) -> Volume:
        """A volume of the driver's sort that can be published; ``tmp_path`` is the test's own folder."""
        raise NotImplementedError("give this suite a volume")

    def objects(self) -> Iterable[KubeObject]:
        """API objects that the volume needs, in the namespace ``default``."""
        return ()

    @pytest.fixture
    def driver(self) -> VolumeDriver:
        return self.make_driver()

    @pytest.fixture
    def context(self, tmp_path: Path) -> VolumeContext:
        return VolumeBench(tmp_path / "volumes", self.objects()).context(self.make_volume(tmp_path))

    def test_the_driver_serves_the_volumes_member(self, driver: VolumeDriver, context: VolumeContext) -> None:
        assert getattr(context.volume, driver.field) is not None

    def test_a_published_volume_is_there(self, driver: VolumeDriver, context: VolumeContext) -> None:
        published = driver.publish(context)
        try:
            assert published.host_path.is_absolute()
            assert published.host_path.exists()
        finally:
            driver.unpublish(context.directory)

    def test_publishing_again_gives_the_same_path_and_data(self, driver: VolumeDriver, context: VolumeContext) -> None:
        first = driver.publish(context)
        try:
            if self.keeps_data:
                (first.host_path / "written").write_text("by the pod")
            again = self.make_driver().publish(context)
            assert again == first
            if self.keeps_data:
                assert (again.host_path / "written").read_text() == "by the pod"
        finally:
            driver.unpublish(context.directory)

    def test_refreshing_what_has_not_changed_changes_nothing(
        self, driver: VolumeDriver, context: VolumeContext
    ) -> None:
        published = driver.publish(context)
        try:
            before = sorted(published.host_path.rglob("*"))
            driver.refresh(context)
            assert sorted(published.host_path.rglob("*")) == before
        finally:
            driver.unpublish(context.directory)

    def test_what_pods_write_is_measured(self, driver: VolumeDriver, context: VolumeContext) -> None:
        assert driver.usage(context.directory) == 0
        published = driver.publish(context)
        try:
            before = driver.usage(context.directory)
            if self.keeps_data:
                (published.host_path / "written").write_bytes(bytes(1 << 20))
            grown = driver.usage(context.directory) - before
            assert grown >= 1 << 20 if self.keeps_data and self.takes_disk else grown == 0
        finally:
            driver.unpublish(context.directory)

    def test_unpublishing_leaves_nothing_of_the_drivers_own(self, driver: VolumeDriver, context: VolumeContext) -> None:
        published = driver.publish(context)
        driver.unpublish(context.directory)
        assert not context.directory.exists()
        assert published.host_path.exists() is not self.owns_data

    def test_unpublishing_twice_or_what_never_was_succeeds(self, driver: VolumeDriver, context: VolumeContext) -> None:
        driver.unpublish(context.directory)
        driver.publish(context)
        driver.unpublish(context.directory)
        driver.unpublish(context.directory)

    def test_a_published_volume_can_be_unpublished_by_another_driver_object(
        self, driver: VolumeDriver, context: VolumeContext
    ) -> None:
        driver.publish(context)
        self.make_driver().unpublish(context.directory)
        assert not context.directory.exists()
