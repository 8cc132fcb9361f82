"""Images as folders for engines that mount none: layers one over the other, once for all pods, gone with the last."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from sampan.core.contracts.runtime import Image, ImageError, RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.runtimes.engine.image_files import ImageFiles
from sampan.runtimes.engine.images import EngineImages
from tests.support.image_archives import docker_save, tar

LOWER = tar([("data", None), ("data/kept", b"1"), ("data/gone", b"1"), ("old", None), ("old/below", b"1")])
UPPER = tar([
    ("data/.wh.gone", b""), ("data/new", b"2"), ("old/own", b"2"), ("old/.wh..wh..opq", b""), ("data/.wh.new", b""),
])  # fmt: skip


class Saved:
    """An engine's images: one archive under the name ``boat:1``."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        self.saves = 0
        self.broken = False

    def find(self, image: str) -> Image | None:
        return Image(id="sha256:" + "a" * 64, tags=(image,)) if image == "boat:1" else None

    def saved(self, image_id: str) -> Iterator[bytes]:
        self.saves += 1
        data = self.archive.read_bytes()
        yield data[: len(data) // 2]
        if not self.broken:
            yield data[len(data) // 2 :]


@pytest.fixture
def images(tmp_path: Path) -> Saved:
    return Saved(docker_save(tmp_path / "boat.tar", [LOWER, UPPER]))


@pytest.fixture
def files(tmp_path: Path, images: Saved) -> ImageFiles:
    return ImageFiles(tmp_path / "volumes", cast(EngineImages, images))


def mount(image: str = "boat:1") -> Mount:
    return Mount(host_path="", image=image, sub_path="data", container_path="/data")


def test_layers_lie_one_over_the_other_and_take_away_what_lower_ones_have(files: ImageFiles) -> None:
    (placed,) = files.put("s1", (mount(),))
    assert (placed.image, placed.sub_path, placed.read_only) == ("", "data", True)
    found = {str(each.relative_to(placed.host_path)) for each in Path(placed.host_path).rglob("*")}
    assert found == {"data", "data/kept", "data/new", "old", "old/own"}


def test_other_mounts_are_let_be(files: ImageFiles, images: Saved) -> None:
    plain = Mount(host_path="/srv", container_path="/srv")
    assert files.put("s1", (plain,)) == (plain,)
    assert images.saves == 0


def test_pods_that_start_side_by_side_share_one_copy(files: ImageFiles, images: Saved) -> None:
    start = threading.Barrier(8)

    def put(number: int) -> str:
        start.wait(10)
        return files.put(f"s{number}", (mount(),))[0].host_path

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(put, range(8)))) == 1
    assert images.saves == 1


def test_it_goes_with_the_last_pod_that_uses_it(files: ImageFiles) -> None:
    (placed,) = files.put("s1", (mount(),))
    files.put("s2", (mount(),))
    files.release("s1")
    assert Path(placed.host_path).is_dir()
    for _ in range(2):
        files.release("s2")
    assert not Path(placed.host_path).parent.exists()


def test_what_a_crash_left_goes_at_the_next_start(files: ImageFiles, images: Saved, tmp_path: Path) -> None:
    (placed,) = files.put("s1", (mount(),))
    unfinished = Path(placed.host_path).parent / ".new-x"
    unfinished.mkdir()
    again = ImageFiles(tmp_path / "volumes", cast(EngineImages, images))
    again.keep(lambda: {"s1"})
    assert Path(placed.host_path).is_dir()
    assert not unfinished.exists()
    again.keep(set)
    assert not Path(placed.host_path).exists()


def test_a_copy_is_whole_or_not_there(files: ImageFiles, images: Saved) -> None:
    images.broken = True
    with pytest.raises(RuntimeFailure):
        files.put("s1", (mount(),))
    images.broken = False
    (placed,) = files.put("s1", (mount(),))
    assert (Path(placed.host_path) / "data" / "kept").exists()


def test_an_image_that_is_not_there_is_an_error(files: ImageFiles) -> None:
    with pytest.raises(ImageError, match="none:1"):
        files.put("s1", (mount("none:1"),))
