"""Manifests as a test gives them, and their way to the API: server-side apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sampan.core.errors import ConfigError

Manifest = Mapping[str, Any]
APPLY = "application/apply-patch+yaml"


class Manifests:
    """Applies them, and knows where the server has their kinds."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def apply(self, manifest: Manifest, namespace: str) -> Any:
        plural, is_namespaced = self._resource(str(manifest["apiVersion"]), str(manifest["kind"]))
        version = manifest["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        name = manifest["metadata"]["name"]
        space = manifest["metadata"].get("namespace") or namespace
        path = f"{root}/namespaces/{space}/{plural}/{name}" if is_namespaced else f"{root}/{plural}/{name}"
        query = {"fieldManager": "test", "force": "true"}
        return self._request("PATCH", path, manifest, query=query, content_type=APPLY)

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        """Plural, and whether it is namespaced. Asked again where it is not known: kinds come and go."""
        if (version, kind) not in self._resources:
            root = f"/apis/{version}" if "/" in version else f"/api/{version}"
            for each in self._request("GET", root)["resources"]:
                if "/" not in each["name"]:
                    self._resources[(version, each["kind"])] = (each["name"], each["namespaced"])
        try:
            return self._resources[(version, kind)]
        except KeyError:
            raise ConfigError(f"the server has no {kind} in {version}") from None


def read_manifests(given: str | Path | Manifest | Iterable[Manifest]) -> Iterator[Manifest]:
    """Out of YAML text, a file, or objects."""
    if isinstance(given, Path):
        given = given.read_text()
    if isinstance(given, str):
        import yaml

        yield from (document for document in yaml.safe_load_all(given) if document)
    elif isinstance(given, Mapping):
        yield given
    else:
        yield from given
