"""Manifests as a test gives them, and their way to the API: server-side apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sampan.core.errors import ConfigError, NotFound
from sampan.core.testing.wait import eventually

Manifest = Mapping[str, Any]
APPLY = "application/apply-patch+yaml"
PATIENCE = 5.0
"""Seconds that a kind may take to be served: its definition may have been applied just before."""


class Manifests:
    """Applies them, and knows where the server has their kinds."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def apply(self, manifest: Manifest, namespace: str) -> Any:
        """Raises `ConfigError` for what is no manifest, or of a kind that is not there."""
        version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
        name = (manifest.get("metadata") or {}).get("name")
        if not version or not kind or not name:
            raise ConfigError(f"a manifest has apiVersion, kind and metadata.name; this one has {sorted(manifest)}")
        plural, is_namespaced = eventually(
            lambda: self._resource(version, kind), f"{kind} in {version}", within=PATIENCE, but=(ConfigError,)
        )
        space = manifest["metadata"].get("namespace") or namespace
        within = f"/namespaces/{space}" if is_namespaced else ""
        query = {"fieldManager": "test", "force": "true"}
        path = f"{_root(version)}{within}/{plural}/{name}"
        return self._request("PATCH", path, manifest, query=query, content_type=APPLY)

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        """Plural, and whether it is namespaced. Asked again where it is not known: kinds come and go."""
        if (version, kind) not in self._resources:
            try:
                listed = self._request("GET", _root(version))["resources"]
            except NotFound:
                listed = []
            for each in listed:
                if "/" not in each["name"]:
                    self._resources[(version, each["kind"])] = (each["name"], each["namespaced"])
        try:
            return self._resources[(version, kind)]
        except KeyError:
            raise ConfigError(f"the server has no {kind} in {version}") from None


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


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
