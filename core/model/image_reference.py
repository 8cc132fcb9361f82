"""Image names, by the grammar of the OCI distribution's references: ``[registry/]path[:tag][@digest]``.

Used by the defaults of pods (what to pull when depends on the tag) and by the engines, which pull.
"""

from __future__ import annotations

import re
from typing import Final

from sampan.core.classes import frozen

_REFERENCE: Final = re.compile(
    r"(?P<name>"
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"  # the registry
    r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*"
    r")(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?"
)
DEFAULT_REGISTRY: Final = "docker.io"


@frozen
class Reference:
    """A name taken apart. ``tag`` is ``latest`` where neither tag nor digest is named."""

    name: str
    tag: str
    digest: str = ""

    def qualified(self) -> str:
        """With registry and path written out as Docker and Kubernetes mean a short name: Docker Hub's."""
        registry, slash, path = self.name.partition("/")
        if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
            path = self.name if slash else f"library/{self.name}"
            registry = DEFAULT_REGISTRY
        return f"{registry}/{path}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


def is_identifier(image: str) -> bool:
    """An image's own 64 digits, which Kubernetes takes for no name."""
    return re.fullmatch(r"[0-9a-f]{64}", image) is not None


def reference_of(image: str) -> Reference | None:
    """``image`` taken apart; None for what is no name."""
    match = _REFERENCE.fullmatch(image)
    if match is None:
        return None
    digest = match["digest"] or ""
    return Reference(match["name"], match["tag"] or ("" if digest else "latest"), digest)
