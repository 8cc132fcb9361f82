"""The image verbs that Docker and Podman share; pulling and loading are each engine's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sampan.core.contracts.runtime import Auth, Image, ImageError, RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.errors import decoded, one_line
from sampan.runtimes.engine.inspect import image_of
from sampan.runtimes.engine.lines import whole_lines
from sampan.runtimes.engine.pause import PAUSE_COMMAND, PAUSE_IMAGE, pause_root
from sampan.runtimes.engine.references import parse_reference

PAUSE_CHANGES = f'ENTRYPOINT ["{PAUSE_COMMAND}"]'


class EngineImages(ABC):
    """See `sampan.core.contracts.runtime.Runtime` for what each verb promises."""

    engine = ""

    def __init__(self, api: EngineApi) -> None:
        self._api = api

    @abstractmethod
    def fetch(self, image: str, auth: Auth | None) -> None:
        """Pull an image whose name is well-formed. Raises `RuntimeFailure` with the engine's words."""

    @abstractmethod
    def loaded(self, archive: Path) -> Sequence[str]:
        """Load an archive; the names of its images. Raises `RuntimeFailure` for what is none."""

    @abstractmethod
    def import_root(self, root: bytes, image: str, changes: str) -> None:
        """Make an image of a root file system's tar archive."""

    @abstractmethod
    def remove(self, image: str) -> None: ...

    def ensure_pause(self) -> None:
        """Make the sandbox image if it is not there."""
        if self.find(PAUSE_IMAGE) is None:
            self.import_root(pause_root(), PAUSE_IMAGE, PAUSE_CHANGES)

    def find(self, image: str) -> Image | None:
        """By name or id. The engine itself knows where a short name may be from."""
        try:
            parse_reference(image)
            return image_of(self._api.call("GET", f"/images/{image}/json"))
        except (NotFound, ImageError):
            return None

    def saved(self, image_id: str) -> Iterator[bytes]:
        """Its archive, as `docker save` writes it; Podman is to be told so, Docker knows no other."""
        path = f"/images/{image_id.removeprefix('sha256:')}/get"
        return self._api.open("GET", path, params={"format": "docker-archive"}).pieces()

    def list(self) -> Sequence[Image]:
        return [image_of(entry) for entry in self._api.call("GET", "/images/json")]

    def pull(self, image: str, auth: Auth | None) -> str:
        parse_reference(image)
        try:
            self.fetch(image, auth)
        except (RuntimeFailure, NotFound) as exc:
            raise ImageError(one_line(str(exc))) from exc
        found = self.find(image)
        if found is None:
            raise ImageError(f"{image} was pulled and is not there")
        return found.id

    def load(self, archive: Path) -> Sequence[str]:
        try:
            names = self.loaded(archive)
        except OSError as exc:
            raise ImageError(f"cannot read {archive}: {exc.strerror or exc}", reason="InvalidImage") from exc
        except RuntimeFailure as exc:
            raise ImageError(f"{archive} is not an image archive: {one_line(str(exc))}", reason="InvalidImage") from exc
        if not names:
            raise ImageError(f"{archive} holds no image that {self.engine} can load", reason="InvalidImage")
        return names


def messages(pieces: Iterator[bytes], engine: str) -> Iterator[dict[str, Any]]:
    """An engine's progress, a JSON object a line. Raises `RuntimeFailure` at one that tells of an error or is cut short."""
    for line in whole_lines(pieces):
        if line.strip():
            message: dict[str, Any] = decoded(line, engine)
            if error := message.get("error"):
                raise RuntimeFailure(one_line(str(error)))
            yield message
