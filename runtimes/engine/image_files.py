"""The files of images that pods mount as volumes, for engines that mount none themselves: unpacked once for all pods.

    FOLDER/IMAGE/files/        what the engine's archive of the image holds, its layers one over the other
    FOLDER/IMAGE/used/SANDBOX  who mounts it; it goes with the last of them

A user is written down before anything is unpacked for it, so a crash leaves nothing that the next start does not find.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import attrs

from sampan.core.contracts.runtime import ImageError, RuntimeFailure
from sampan.core.contracts.runtime_config import Mount
from sampan.core.host.trees import remove_tree
from sampan.runtimes.archives import layers
from sampan.runtimes.archives.archive import Archive
from sampan.runtimes.engine.images import EngineImages


class ImageFiles:
    """Any thread."""

    def __init__(self, folder: Path, images: EngineImages) -> None:
        self._folder = folder
        self._images = images
        self._lock = threading.Lock()
        self._unpacking: dict[str, threading.Lock] = {}

    def put(self, sandbox_id: str, mounts: Sequence[Mount]) -> tuple[Mount, ...]:
        """The mounts with images as folders of this host. Raises `ImageError` where one is not there."""
        return tuple(self._placed(sandbox_id, each) if each.image else each for each in mounts)

    def release(self, sandbox_id: str) -> None:
        """It is gone. Idempotent."""
        if self._folder.is_dir():
            with self._lock:
                for image in self._folder.iterdir():
                    (image / "used" / sandbox_id).unlink(missing_ok=True)
                    self._sweep(image)

    def keep(self, there: Callable[[], Collection[str]]) -> None:
        """Before the first container: only of the sandboxes that are ``there`` anything is left."""
        if self._folder.is_dir():
            sandbox_ids = there()
            with self._lock:
                for image in self._folder.iterdir():
                    for user in (image / "used").glob("*"):
                        if user.name not in sandbox_ids:
                            user.unlink()
                    for unfinished in image.glob(".*"):
                        remove_tree(str(unfinished))
                    self._sweep(image)

    def _placed(self, sandbox_id: str, mount: Mount) -> Mount:
        image = self._images.find(mount.image)
        if image is None:
            raise ImageError(f"the image {mount.image} is not there")
        place = self._folder / image.id.removeprefix("sha256:")
        files = place / "files"
        with self._lock:
            (place / "used").mkdir(mode=0o711, parents=True, exist_ok=True)
            (place / "used" / sandbox_id).touch()
            one_by_one = self._unpacking.setdefault(image.id, threading.Lock())
        with one_by_one:
            if not files.exists():
                self._unpack(image.id, place, files)
        return attrs.evolve(mount, image="", host_path=str(files), read_only=True)

    def _unpack(self, image_id: str, place: Path, files: Path) -> None:
        unfinished = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        try:
            unfinished.chmod(0o755)
            with tempfile.NamedTemporaryFile(dir=place, prefix=".archive-") as file:
                for piece in self._images.saved(image_id):
                    file.write(piece)
                file.flush()
                with Archive(Path(file.name)) as archive:
                    for layer in archive.images()[0].layers:
                        with archive.open(layer) as blob:
                            layers.unpack_onto(blob, unfinished)
            unfinished.rename(files)
        except OSError as exc:
            raise RuntimeFailure(f"the files of the image {image_id} cannot be unpacked: {exc}") from exc
        finally:
            if unfinished.exists():
                remove_tree(str(unfinished))

    def _sweep(self, image: Path) -> None:
        if not any((image / "used").glob("*")):
            remove_tree(str(image))
            self._unpacking.pop(f"sha256:{image.name}", None)
