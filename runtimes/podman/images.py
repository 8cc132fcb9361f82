"""Images on Podman."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

from sampan.core.contracts.runtime import Auth, Image
from sampan.core.errors import NotFound
from sampan.runtimes.engine.errors import decoded
from sampan.runtimes.engine.images import EngineImages, messages
from sampan.runtimes.engine.pause import PAUSE_IMAGE
from sampan.runtimes.engine.references import parse_reference

LOCAL_REGISTRY = "localhost"
"""What Podman puts before the short name of an image that was made here."""
LOCAL_PAUSE_IMAGE = f"{LOCAL_REGISTRY}/{PAUSE_IMAGE}"


class PodmanImages(EngineImages):
    """Podman finds a short name under ``localhost/`` as well as among what was pulled."""

    engine = "Podman"

    def find(self, image: str) -> Image | None:
        return super().find(image.removeprefix("sha256:"))

    def fetch(self, image: str, auth: Auth | None) -> None:
        """From Docker Hub where no registry is named: Podman itself might ask others, or refuse to guess."""
        params = {"reference": parse_reference(image).qualified(), "policy": "always"}
        headers = {"X-Registry-Auth": registry_auth(auth)} if auth else {}
        answer = self._api.open("POST", "/images/pull", params=params, headers=headers)
        for _ in messages(answer.pieces(), self.engine):
            pass

    def loaded(self, archive: Path) -> Sequence[str]:
        with archive.open("rb") as data:
            body = b"".join(self._api.send("/images/load", data).pieces())
        return [str(name) for name in decoded(body, self.engine)["Names"]]

    def import_root(self, root: bytes, image: str, changes: str) -> None:
        params = {"reference": f"{LOCAL_REGISTRY}/{image}", "changes": changes}
        b"".join(self._api.send("/images/import", root, params=params).pieces())

    def remove(self, image: str) -> None:
        """Never by force, which on Podman takes the image's containers along."""
        try:
            self._api.call("DELETE", f"/images/{image.removeprefix('sha256:')}")
        except NotFound:
            return


def registry_auth(auth: Auth) -> str:
    """A login as the API's header takes it."""
    login = {"username": auth.username, "password": auth.password, "serveraddress": auth.server}
    return base64.urlsafe_b64encode(json.dumps(login).encode()).decode()
