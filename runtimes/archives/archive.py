"""Reading image archives: what `docker save` writes (``manifest.json``) and OCI layouts (``index.json``), as tar files."""

from __future__ import annotations

import contextlib
import json
import platform
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import ImageError
from sampan.runtimes.archives.names import normalised

MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
MOST_JSON_BYTES = 16 << 20


@frozen
class ArchivedImage:
    """One image of an archive: where its parts are."""

    names: tuple[str, ...]
    config: str
    layers: tuple[str, ...]


class Archive:
    """An open archive. Raises `ImageError` for a file that is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with contextlib.ExitStack() as opened:
                self._tar = opened.enter_context(tarfile.open(path))
                self._members = {member.name.removeprefix("./"): member for member in self._tar}
                opened.pop_all()  # __exit__ closes it
        except OSError as exc:
            raise ImageError(f"cannot read {path}: {exc.strerror or exc}") from exc
        except (tarfile.TarError, EOFError, ValueError) as exc:
            raise ImageError(f"{path} is no image archive: it is not a tar file, or a damaged one") from exc

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def images(self) -> Sequence[ArchivedImage]:
        if "manifest.json" in self._members:
            found = list(self._docker())
        elif "index.json" in self._members:
            found = list(self._oci(self.json("index.json"), ()))
        else:
            raise ImageError(f"{self._path} is neither a `docker save` nor an OCI archive: it has no manifest")
        if not found:
            raise ImageError(f"{self._path} holds no image for this machine ({_architecture()})")
        return found

    def open(self, name: str) -> IO[bytes]:
        """A file of the archive; `docker save` makes links between equal layers."""
        member = self._members.get(name)
        if member is not None and (member.issym() or member.islnk()):
            target = member.linkname
            if member.issym():
                target = str(Path(name).parent / target)
            member = self._members.get(_collapsed(target))
        if member is None or not member.isfile():
            raise ImageError(f"{self._path} is incomplete: it has no {name}")
        file = self._tar.extractfile(member)
        assert file is not None
        return file

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            data = file.read(MOST_JSON_BYTES + 1)
        if len(data) > MOST_JSON_BYTES:
            raise ImageError(f"{name} in {self._path} is too large")
        return data

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.read(name))
        except ValueError as exc:
            raise ImageError(f"{name} in {self._path} is no JSON: {exc}") from exc

    def _docker(self) -> Iterator[ArchivedImage]:
        try:
            for entry in self.json("manifest.json"):
                names = tuple(normalised(name) for name in entry.get("RepoTags") or ())
                yield ArchivedImage(names, entry["Config"], tuple(entry["Layers"]))
        except (KeyError, TypeError, AttributeError) as exc:
            raise ImageError(f"manifest.json in {self._path} is not what `docker save` writes") from exc

    def _oci(self, index: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[ArchivedImage]:
        try:
            for descriptor in index["manifests"]:
                if not _fits(descriptor.get("platform")):
                    continue
                own = names or _names(descriptor)
                body = self.json(_blob(descriptor))
                if "manifests" in body:
                    yield from self._oci(body, own)
                elif "config" in body:
                    layers = tuple(_blob(layer) for layer in body["layers"])
                    yield ArchivedImage(own, _blob(body["config"]), layers)
        except (KeyError, TypeError, AttributeError) as exc:
            raise ImageError(f"index.json in {self._path} is not an OCI image index") from exc


def _names(descriptor: Mapping[str, Any]) -> tuple[str, ...]:
    annotations = descriptor.get("annotations") or {}
    for key in NAME_ANNOTATIONS:
        if name := annotations.get(key):
            return (normalised(name),)
    return ()


def _blob(descriptor: Mapping[str, Any]) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/", 1)


def _fits(wanted: Mapping[str, Any] | None) -> bool:
    if not wanted:
        return True
    return wanted.get("os", "linux") == "linux" and wanted.get("architecture") == _architecture()


def _architecture() -> str:
    machine = platform.machine()
    return MACHINES.get(machine, machine)


def _collapsed(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
