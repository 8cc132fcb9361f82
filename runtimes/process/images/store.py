"""Images on this node: configurations by id, layers by the digest of what is in them, and an index of names.

    index.json        name → id
    images/ID.json    what `StoredImage` holds
    layers/DIGEST/    one layer, unpacked; whole or not there

Several runtimes (nodes, threads) may share a store: changes hold a lock, readers see whole files.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from sampan.core.contracts.runtime import Image, ImageError
from sampan.core.host.trees import remove_tree
from sampan.runtimes.archives import layers
from sampan.runtimes.archives.archive import Archive, ArchivedImage
from sampan.runtimes.archives.names import candidates
from sampan.runtimes.process.images.model import StoredImage
from sampan.runtimes.process.shim import records

DIFF_ID = re.compile("sha256:[0-9a-f]{64}")
DIGEST_LETTERS = 24
"""Of a layer's digest in its folder's name: all of an image's names must fit into one page of mount options."""


class ImageStore:
    def __init__(self, folder: Path) -> None:
        self.layers = folder / "layers"
        self._folder = folder
        self._images = folder / "images"
        self._index = folder / "index.json"

    def load(self, path: Path) -> Sequence[str]:
        """Unpack an archive's images; returns their names (the id of one that has none). Raises `ImageError`."""
        for folder in (self.layers, self._images):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with self._lock(), Archive(path) as archive:
            loaded = [(image, self._load_one(archive, image)) for image in archive.images()]
            index = self._names()
            for image, image_id in loaded:
                index.update(dict.fromkeys(image.names, image_id))
            records.write(str(self._index), index)
        return [name for image, image_id in loaded for name in (image.names or (image_id,))]

    def find(self, name: str) -> StoredImage | None:
        """By name, as people write it, or by id (``sha256:…``, or its first letters)."""
        names = self._names()
        image_id = next((names[each] for each in candidates(name) if each in names), None)
        if image_id is None:
            short = name.rpartition("@")[2].removeprefix("sha256:")
            if len(short) >= 12 and all(letter in "0123456789abcdef" for letter in short):
                image_id = next((each for each in self._ids() if each.removeprefix("sha256:").startswith(short)), None)
        return self._read(image_id) if image_id else None

    def describe(self, image: StoredImage) -> Image:
        tags = tuple(sorted(name for name, image_id in self._names().items() if image_id == image.id))
        return Image(id=image.id, tags=tags, size=image.size, user=image.user)

    def list(self) -> Sequence[Image]:
        found = [self._read(image_id) for image_id in sorted(self._ids())]
        return [self.describe(image) for image in found if image]

    def remove(self, name: str) -> None:
        """The image with all its names, and the layers that no other image has. One that is not there is fine."""
        if not self._folder.is_dir():
            return
        with self._lock():
            image = self.find(name)
            if image is None:
                return
            records.write(str(self._index), {key: value for key, value in self._names().items() if value != image.id})
            self._config(image.id).unlink(missing_ok=True)
            others = [self._read(image_id) for image_id in self._ids()]
            kept = {layer for other in others if other for layer in other.layers}
            for layer in set(image.layers) - kept:
                remove_tree(str(self.layers / layer))

    def _load_one(self, archive: Archive, image: ArchivedImage) -> str:
        data = archive.read(image.config)
        image_id = f"sha256:{hashlib.sha256(data).hexdigest()}"
        config = _config(data)
        expected = (config.get("rootfs") or {}).get("diff_ids") or []
        if len(expected) != len(image.layers) or not all(DIFF_ID.fullmatch(str(each)) for each in expected):
            raise ImageError("the image's configuration and its list of layers do not fit together")
        unpacked = [self._unpack(archive, blob, diff_id) for blob, diff_id in zip(image.layers, expected, strict=True)]
        size = sum(self._size(layer) for layer in set(unpacked))
        stored = StoredImage.from_config(image_id, config, tuple(unpacked), size)
        records.write(str(self._config(image_id)), stored.to_record())
        return image_id

    def _unpack(self, archive: Archive, blob: str, diff_id: str) -> str:
        """The layer's folder; one that is there already is taken as it is."""
        name = diff_id.removeprefix("sha256:")[:DIGEST_LETTERS]
        if (self.layers / name).is_dir():
            return name
        temporary = self.layers / f".new-{uuid4().hex}"
        temporary.mkdir(mode=0o755)
        try:
            with archive.open(blob) as file:
                digest, size = layers.unpack(file, temporary)
            if digest != diff_id:
                raise ImageError(f"a layer of the image is damaged: its digest is {digest}, not {diff_id}")
            records.write(str(self.layers / f"{name}.json"), {"diff_id": diff_id, "size": size})
            temporary.rename(self.layers / name)
        except OSError as exc:
            raise ImageError(f"a layer of the image cannot be unpacked: {exc}") from exc
        finally:
            if temporary.exists():
                shutil.rmtree(temporary, ignore_errors=True)
        return name

    def _size(self, layer: str) -> int:
        return int(str((records.read(str(self.layers / f"{layer}.json")) or {}).get("size", 0)))

    def _names(self) -> dict[str, str]:
        return {str(name): str(image_id) for name, image_id in (records.read(str(self._index)) or {}).items()}

    def _ids(self) -> Iterable[str]:
        return [f"sha256:{path.stem}" for path in self._images.glob("*.json")] if self._images.is_dir() else []

    def _config(self, image_id: str) -> Path:
        return self._images / f"{image_id.removeprefix('sha256:')}.json"

    def _read(self, image_id: str) -> StoredImage | None:
        record = records.read(str(self._config(image_id)))
        return StoredImage.from_record(record) if record else None

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _config(data: bytes) -> dict[str, Any]:
    try:
        config = json.loads(data)
    except ValueError as exc:
        raise ImageError(f"the image's configuration is no JSON: {exc}") from exc
    if not isinstance(config, dict):
        raise ImageError("the image's configuration is no JSON object")
    return config
