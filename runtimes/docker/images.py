"""Images on Docker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import docker
import docker.errors

from sampan.core.contracts.runtime import Auth, Image, ImageError, RuntimeFailure
from sampan.runtimes.docker.errors import translated
from sampan.runtimes.engine.inspect import image_of
from sampan.runtimes.engine.pause import PAUSE_COMMAND, PAUSE_IMAGE, pause_root


class DockerImages:
    """The image verbs of the contract."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client

    def ensure_pause(self) -> None:
        """Make the sandbox image if it is not there."""
        if self.find(PAUSE_IMAGE) is None:
            name, tag = PAUSE_IMAGE.split(":")
            with translated():
                self._client.import_image_from_data(
                    pause_root(), repository=name, tag=tag, changes=[f'ENTRYPOINT ["{PAUSE_COMMAND}"]']
                )

    def pull(self, image: str, auth: Auth | None) -> str:
        name, tag = split_reference(image)
        login = {"username": auth.username, "password": auth.password} if auth else None
        try:
            with translated():
                for progress in self._client.pull(name, tag=tag, auth_config=login, stream=True, decode=True):
                    if error := progress.get("error"):
                        raise ImageError(str(error))
        except ImageError:
            raise
        except RuntimeFailure as exc:
            raise ImageError(str(exc)) from exc
        found = self.find(image)
        if found is None:
            raise ImageError(f"{image} was pulled and is not there")
        return found.id

    def find(self, image: str) -> Image | None:
        try:
            with translated():
                return image_of(self._client.inspect_image(image))
        except ImageError:
            return None

    def list(self) -> Sequence[Image]:
        with translated():
            return [image_of(entry) for entry in self._client.images()]

    def load(self, archive: Path) -> Sequence[str]:
        before = {image.id for image in self.list()}
        names = []
        with translated(), archive.open("rb") as data:
            try:
                for message in self._client.load_image(data):
                    if error := message.get("error"):
                        raise ImageError(f"{archive} is not an image archive: {error}", reason="InvalidImage")
                    names += _loaded_names(message.get("stream", ""))
            except docker.errors.APIError as exc:
                raise ImageError(
                    f"{archive} is not an image archive: {exc.explanation}", reason="InvalidImage"
                ) from exc
        if not names and not {image.id for image in self.list()} - before:
            raise ImageError(f"{archive} holds no image that Docker can load", reason="InvalidImage")
        return names

    def remove(self, image: str) -> None:
        try:
            with translated():
                self._client.remove_image(image, force=True)
        except ImageError:
            pass  # it is gone, which is what was asked for


def split_reference(image: str) -> tuple[str, str]:
    """Repository and tag (or digest), ``latest`` where none is named. A port is no tag."""
    if "@" in image:
        name, _, digest = image.partition("@")
        return name, digest
    name, colon, tag = image.rpartition(":")
    if not colon or "/" in tag:
        return image, "latest"
    return name, tag


def _loaded_names(message: str) -> list[str]:
    """``Loaded image: nginx:latest`` (or ``Loaded image ID: sha256:…``), a line each."""
    return [line.partition(": ")[2].strip() for line in message.splitlines() if line.startswith("Loaded image")]
