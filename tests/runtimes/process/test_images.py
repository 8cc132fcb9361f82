"""The image store: names, archives, layers and what they must never do."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.runtime import ImageError
from sampan.runtimes.archives.names import candidates, normalised
from sampan.runtimes.process.images.store import ImageStore
from tests.support.image_archives import digest, docker_save, tar


def oci_layout(path: Path, layer: bytes, blob: bytes, *, name: str, architecture: str) -> Path:
    """An OCI layout with an index in its index, as multi-platform builds have; ``blob`` is the layer, compressed."""
    blobs: dict[str, bytes] = {}

    def add(data: bytes) -> dict[str, Any]:
        blobs[f"blobs/{digest(data).replace(':', '/')}"] = data
        return {"digest": digest(data), "size": len(data)}

    config = add(json.dumps({"config": {"Cmd": ["row"]}, "rootfs": {"diff_ids": [digest(layer)]}}).encode())
    manifest = add(json.dumps({"config": config, "layers": [add(blob)]}).encode())
    platform = {"os": "linux", "architecture": architecture}
    inner = add(json.dumps({"manifests": [{**manifest, "platform": platform}]}).encode())
    annotations = {"org.opencontainers.image.ref.name": name}
    index = json.dumps({"manifests": [{**inner, "annotations": annotations}]}).encode()
    path.write_bytes(tar([*blobs.items(), ("oci-layout", b"{}"), ("index.json", index)]))
    return path


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def layer_of(store: ImageStore, name: str, index: int = 0) -> Path:
    image = store.find(name)
    assert image is not None
    return store.layers / image.layers[index]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx:1", "docker.io/library/nginx:1"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("images.example/a/b/c", "images.example/a/b/c:latest"),
        ("nginx@sha256:00", "docker.io/library/nginx@sha256:00"),
        ("nginx:1@sha256:00", "docker.io/library/nginx@sha256:00"),
    ],
)
def test_names_are_read_as_docker_reads_them(name: str, full: str) -> None:
    assert normalised(name) == full


def test_a_short_name_may_be_one_that_podman_saved() -> None:
    assert candidates("app:1") == ["docker.io/library/app:1", "localhost/app:1"]
    assert candidates("images.example/app:1") == ["images.example/app:1"]


def test_a_docker_archive_is_found_by_all_its_names_and_its_id(store: ImageStore, tmp_path: Path) -> None:
    config = {"Entrypoint": ["row"], "Cmd": ["fast"], "Env": ["A=1"], "User": "crew", "WorkingDir": "/boat"}
    archive = docker_save(tmp_path / "a.tar", [tar([("bin/row", b"#!")])], ("boat:1", "boat"), config)
    assert store.load(archive) == ["docker.io/library/boat:1", "docker.io/library/boat:latest"]
    image = store.find("boat")
    assert image is not None
    assert (image.entrypoint, image.command, image.env) == (("row",), ("fast",), ("A=1",))
    assert (image.user, image.working_dir) == ("crew", "/boat")
    assert image == store.find(image.id) == store.find(image.id.removeprefix("sha256:")[:12]) == store.find("boat:1")
    assert (layer_of(store, "boat") / "bin/row").read_bytes() == b"#!"
    assert [each.id for each in store.list()] == [image.id]


def test_an_oci_archive_with_compressed_layers_loads(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    layer = tar([("a", b"1")])
    archive = oci_layout(tmp_path / "o.tar", layer, gzip.compress(layer), name="boat", architecture="amd64")
    assert store.load(archive) == ["docker.io/library/boat:latest"]
    assert (layer_of(store, "boat") / "a").read_bytes() == b"1"


def test_an_image_for_another_machine_is_refused(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    layer = tar([("a", b"1")])
    archive = oci_layout(tmp_path / "o.tar", layer, layer, name="boat", architecture="amd64")
    with pytest.raises(ImageError, match="no image for this machine"):
        store.load(archive)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([("../outside", b"x")], "unsafe name"),
        ([("a/../../outside", b"x")], "unsafe name"),
        ([("out", ("link", "..")), ("out/outside", b"x")], "writes through out"),
        ([("etc", ("link", "/etc")), ("etc/outside", b"x")], "writes through etc"),
        ([("hard", ("hard", "../../outside"))], "unsafe link"),
        ([("dir", ("link", "/etc")), ("hard", ("hard", "dir/passwd"))], "writes through dir"),
        ([("hard", ("hard", "nowhere"))], "links to what it does not have"),
    ],
)
def test_a_layer_cannot_reach_outside_its_folder(
    store: ImageStore, tmp_path: Path, entries: list[tuple[str, object]], words: str
) -> None:
    (tmp_path / "outside").write_text("mine")
    with pytest.raises(ImageError, match=words):
        store.load(docker_save(tmp_path / "evil.tar", [tar(entries)]))
    assert (tmp_path / "outside").read_text() == "mine"
    assert store.find("boat:1") is None
    assert [path.name for path in store.layers.iterdir()] == []


def test_an_absolute_name_stays_inside(store: ImageStore, tmp_path: Path) -> None:
    store.load(docker_save(tmp_path / "a.tar", [tar([("/etc/motd", b"ahoy")])]))
    assert (layer_of(store, "boat:1") / "etc/motd").read_bytes() == b"ahoy"


def test_removals_become_overlay_marks(store: ImageStore, tmp_path: Path) -> None:
    upper = tar([("d/.wh.gone", b""), ("new", None), ("new/.wh..wh..opq", b""), ("new/file", b"1")])
    store.load(docker_save(tmp_path / "a.tar", [tar([("d/gone", b"x"), ("new/old", b"x")]), upper]))
    layer = layer_of(store, "boat:1", 1)
    mark = (layer / "d/gone").lstat()
    assert stat.S_ISCHR(mark.st_mode)
    assert mark.st_rdev == 0
    assert os.getxattr(layer / "new", "user.overlay.opaque") == b"y"
    assert sorted(os.listdir(layer / "new")) == ["file"]


def test_a_folder_without_permissions_is_filled_all_the_same(store: ImageStore, tmp_path: Path) -> None:
    store.load(docker_save(tmp_path / "a.tar", [tar([("d", None), ("d/f", b"1"), ("d/g", ("hard", "d/f"))])]))
    layer = layer_of(store, "boat:1")
    assert (layer / "d/f").stat().st_ino == (layer / "d/g").stat().st_ino


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not a tar at all", "no image archive"),
        (tar([("readme", b"x")]), "neither a `docker save` nor an OCI archive"),
        (tar([("manifest.json", b"{")]), "no JSON"),
        (tar([("manifest.json", b'[{"Config": "c"}]')]), "not what `docker save` writes"),
        (tar([("manifest.json", b'[{"Config": "c", "Layers": []}]')]), "incomplete: it has no c"),
        (tar([("index.json", b"[]")]), "not an OCI image index"),
    ],
)
def test_what_is_no_image_is_refused_in_one_sentence(
    store: ImageStore, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ImageError, match=words) as caught:
        store.load(tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_said(store: ImageStore, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        store.load(tmp_path / "none")


def test_a_damaged_layer_is_not_kept(store: ImageStore, tmp_path: Path) -> None:
    good, other = tar([("a", b"1")]), tar([("a", b"2")])
    archive = docker_save(tmp_path / "a.tar", [good])
    archive.write_bytes(archive.read_bytes().replace(good, other))
    with pytest.raises(ImageError, match="damaged"):
        store.load(archive)
    assert list(store.layers.iterdir()) == []


def test_removing_keeps_the_layers_of_others(store: ImageStore, tmp_path: Path) -> None:
    base, top = tar([("base", b"1")]), tar([("top", b"1")])
    store.load(docker_save(tmp_path / "a.tar", [base], ("base",)))
    store.load(docker_save(tmp_path / "b.tar", [base, top], ("top",)))
    kept, gone = layer_of(store, "base"), layer_of(store, "top", 1)
    store.remove("top")
    store.remove("top")
    assert (store.find("top"), kept.is_dir(), gone.exists()) == (None, True, False)
    assert store.find("base") is not None


def test_a_name_moves_to_the_image_loaded_last(store: ImageStore, tmp_path: Path) -> None:
    store.load(docker_save(tmp_path / "a.tar", [tar([("a", b"1")])]))
    store.load(docker_save(tmp_path / "b.tar", [tar([("a", b"2")])]))
    assert (layer_of(store, "boat:1") / "a").read_bytes() == b"2"
    assert sorted(each.tags for each in store.list()) == [(), ("docker.io/library/boat:1",)]
