"""Whether an image must be pulled, and with whose password. Pure.

https://kubernetes.io/docs/concepts/containers/images/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import orjson

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Auth, Image, ImageError
from sampan.core.model.core_v1.configuration import Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod

DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@frozen(kw_only=True)
class WantedImage:
    """An image that must be there before a container is made."""

    reference: str
    policy: str
    container: str = ""
    """Whose events tell of it: the container's, whose own image it is, or for a volume's the pod's."""


def wanted_images(pod: Pod, container: Container) -> Iterator[WantedImage]:
    """Those of the volumes that it mounts, and its own."""
    mounted = {mount.name for mount in container.volume_mounts}
    for volume in pod.spec.volumes:
        if volume.image is not None and volume.name in mounted:
            policy = volume.image.pull_policy or "IfNotPresent"
            yield WantedImage(reference=volume.image.reference or "", policy=policy)
    policy = container.image_pull_policy or "IfNotPresent"
    yield WantedImage(reference=container.image or "", policy=policy, container=container.name)


def image_need(wanted: WantedImage, image: Image | None, *, pulls: bool) -> Literal["use", "pull"]:
    """What to do for an image. ``pulls``: the runtime can pull. Raises `ImageError`.

    An image that was built or loaded here has no digest of a registry: there is nothing to compare it with, so ``Always``
    is content with it.
    """
    if image is not None and (wanted.policy != "Always" or not image.digests or not pulls):
        return "use"
    if wanted.policy == "Never":
        raise ImageError(
            f'Container image "{wanted.reference}" is not present with pull policy of Never', "ErrImageNeverPull"
        )
    if not pulls:
        raise ImageError(f'image "{wanted.reference}" is not there, and this runtime pulls none: load it first')
    return "pull"


def registry_of(image: str) -> str:
    """``docker.io`` for ``nginx`` and ``library/nginx``."""
    host, slash, _ = image.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"


def registry_auth(image: str, secrets: Iterable[Secret]) -> Auth | None:
    """The first of the pull secrets that knows the image's registry."""
    registry = registry_of(image)
    for secret in secrets:
        for server, entry in _entries(secret).items():
            host = server.removeprefix("https://").removeprefix("http://").partition("/")[0]
            if host == registry or (host in DOCKER_HUB and registry in DOCKER_HUB):
                username, password = _login(entry)
                return Auth(server=server, username=username, password=password)
    return None


def _entries(secret: Secret) -> dict[str, Any]:
    try:
        if ".dockerconfigjson" in secret.data:
            return dict(orjson.loads(secret.data[".dockerconfigjson"])["auths"])
        return dict(orjson.loads(secret.data.get(".dockercfg", b"{}")))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}


def _login(entry: dict[str, Any]) -> tuple[str, str]:
    if "auth" in entry:
        try:
            username, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return username, password
    return str(entry.get("username", "")), str(entry.get("password", ""))
