"""emptyDir: modes, media and limits."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sampan.core.contracts.volume import VolumeFailure
from sampan.core.model.core_v1.security import PodSecurityContext
from sampan.core.model.core_v1.volume import EmptyDirVolumeSource, Volume
from sampan.core.model.meta import Quantity
from sampan.core.testing.volume_contract import VolumeBench
from sampan.volumes import empty_dir
from sampan.volumes.empty_dir import EmptyDir
from tests.support.needs import needs

needs_root = needs(os.geteuid() == 0, "mounting and giving files away need root")


def volume(medium: str = "", size_limit: str | None = None) -> Volume:
    limit = None if size_limit is None else Quantity(size_limit)
    return Volume(name="cache", empty_dir=EmptyDirVolumeSource(medium=medium, size_limit=limit))


def test_everybody_may_write(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        path = EmptyDir().publish(VolumeBench(tmp_path).context(volume())).host_path
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o777


@needs_root
@pytest.mark.root
def test_memory_is_a_tmpfs_of_the_size_asked_for(tmp_path: Path) -> None:
    context = VolumeBench(tmp_path).context(volume("Memory", "1Mi"))
    driver = EmptyDir()
    path = driver.publish(context).host_path
    try:
        assert os.path.ismount(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o1777
        with pytest.raises(OSError, match="No space left"), (path / "big").open("wb") as big:
            big.write(bytes(2 << 20))
    finally:
        driver.unpublish(context.directory)
    assert not os.path.ismount(path)


def test_memory_without_root_is_a_folder_in_shared_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(empty_dir, "may_mount", lambda: False)
    monkeypatch.setattr(empty_dir, "SHARED_MEMORY", tmp_path)
    bench = VolumeBench(tmp_path / "pod")
    context = bench.context(volume("Memory", "1Mi"))
    driver = EmptyDir()
    path = driver.publish(context).host_path
    assert path.parent == tmp_path
    assert bench.warnings == ["spec.volumes: the sizeLimit of cache is not enforced: mounting a tmpfs needs root"]
    (path / "data").write_text("x")
    driver.unpublish(context.directory)
    assert not path.exists()
    assert not context.directory.is_symlink()


def test_an_unknown_medium_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VolumeFailure, match='unknown storage medium "Tape"'):
        EmptyDir().publish(VolumeBench(tmp_path).context(volume("Tape")))


@needs_root
@pytest.mark.root
def test_the_pods_group_owns_it(tmp_path: Path) -> None:
    spec = {"security_context": PodSecurityContext(fs_group=2345)}
    path = EmptyDir().publish(VolumeBench(tmp_path).context(volume(), spec=spec)).host_path
    assert path.stat().st_gid == 2345
    assert path.stat().st_mode & stat.S_ISGID
