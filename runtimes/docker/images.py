"""Images on Docker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import docker

from sampan.core.contracts.runtime import Auth, RuntimeFailure
from sampan.core.errors import NotFound
from sampan.runtimes.docker.errors import translated
from sampan.runtimes.engine.api import EngineApi
from sampan.runtimes.engine.images import EngineImages, messages
from sampan.runtimes.engine.references import parse_reference


class DockerImages(EngineImages):
    """What the SDK does: pulling (it knows the user's registry logins) and importing."""

    engine = "Docker"

    def __init__(self, api: EngineApi, client: docker.APIClient) -> None:
        super().__init__(api)
        self._client = client

    def fetch(self, image: str, auth: Auth | None) -> None:
        reference = parse_reference(image)
        login = {"username": auth.username, "password": auth.password} if auth else None
        with translated():
            progress = self._client.pull(
                reference.name, tag=reference.digest or reference.tag, auth_config=login, stream=True, decode=True
            )
            for message in progress:
                if error := message.get("error"):
                    raise RuntimeFailure(str(error))

    def loaded(self, archive: Path) -> Sequence[str]:
        with archive.open("rb") as data:
            answer = self._api.send("/images/load", data, params={"quiet": True})
            said = "".join(str(message.get("stream", "")) for message in messages(answer.pieces(), self.engine))
        return loaded_names(said)

    def import_root(self, root: bytes, image: str, changes: str) -> None:
        reference = parse_reference(image)
        with translated():
            self._client.import_image_from_data(root, repository=reference.name, tag=reference.tag, changes=[changes])

    def remove(self, image: str) -> None:
        """By id it loses all its names, as CRI has it; Docker itself refuses while a container runs it."""
        try:
            self._api.call("DELETE", f"/images/{image}", params={"force": True})
        except NotFound:
            return


def loaded_names(said: str) -> list[str]:
    """``Loaded image: nginx:latest`` (or ``Loaded image ID: sha256:…``), a line each."""
    return [line.partition(": ")[2].strip() for line in said.splitlines() if line.startswith("Loaded image")]
