"""Promises about images that containers mount as volumes: their files are there, and stay as they are."""

from __future__ import annotations

import pytest

from sampan.core.contracts.runtime import ImageError, RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.core.testing.runtime_suite.bench import Bench, RuntimeBench


def mount(image: str, sub_path: str = "", at: str = "/mnt/image") -> Mount:
    return Mount(host_path="", image=image, sub_path=sub_path, container_path=at, read_only=True)


class ImageVolumePromises(RuntimeBench):
    @pytest.fixture
    def mounting(self, real: Bench) -> Bench:
        real.needs("mounts_images")
        if not self.image_is_mountable:
            pytest.skip(f"the image {self.image} cannot be mounted")
        return real

    def test_an_images_files_are_there_as_the_image_has_them(self, mounting: Bench) -> None:
        script = "cmp /etc/passwd /mnt/image/etc/passwd && stat -c %a:%u /mnt/image/bin/sh /mnt/image/etc"
        said = mounting.pod().says(script, mounts=(mount(self.image),))
        assert said.split() == mounting.pod().says("stat -c %a:%u /bin/sh /etc").split()

    def test_they_cannot_be_written(self, mounting: Bench) -> None:
        script = "touch /mnt/image/new 2>/dev/null || echo refused; ls /mnt/image/new 2>/dev/null || echo none"
        writable = Mount(host_path="", image=self.image, container_path="/mnt/image")
        assert mounting.pod().says(script, mounts=(writable,)).split() == ["refused", "none"]

    def test_a_sub_path_of_an_image_may_be_a_folder_or_a_file(self, mounting: Bench) -> None:
        mounts = (mount(self.image, "etc"), mount(self.image, "etc/passwd", at="/mnt/file"))
        said = mounting.pod().says("cmp /mnt/image/passwd /mnt/file && echo same", mounts=mounts)
        assert said.strip() == "same"

    def test_a_sub_path_that_the_image_has_not_is_an_error(self, mounting: Bench) -> None:
        with pytest.raises(RuntimeFailure, match="no/such"):
            mounting.pod().run(script="true", mounts=(mount(self.image, "no/such"),))

    def test_pods_may_share_an_image_and_outlive_one_another(self, mounting: Bench) -> None:
        first, second = mounting.pod("first"), mounting.pod("second")
        read = "test -s /mnt/image/etc/passwd && echo there"
        assert first.says(read, mounts=(mount(self.image),)).strip() == "there"
        assert second.says(read, mounts=(mount(self.image),)).strip() == "there"
        mounting.runtime.remove_pod_sandbox(first.sandbox.id)
        assert second.says(read, mounts=(mount(self.image),)).strip() == "there"

    def test_an_image_that_is_not_there_is_an_error(self, mounting: Bench) -> None:
        with pytest.raises(ImageError):
            mounting.pod().run(script="true", mounts=(mount("sampan.invalid/none:1"),))
