"""Files of one volume that would lie on or within each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Value = Mapping[str, Any]
Path = tuple[str, str]
"""A path, and what it comes from: empty where the volume has one source."""

CERTIFICATE_FILES: Final = (
    ("certificateChainPath", "chain"),
    ("keyPath", "key"),
    ("credentialBundlePath", "credential bundle"),
)


def overlapping_paths(volumes: Iterable[Value]) -> Iterator[str]:
    for volume in volumes:
        for said, paths in _listed(volume):
            yield from _overlaps(volume, said, paths)
        if (projected := volume.get("projected")) is not None:
            paths = []
            for source in projected.get("sources") or ():
                if not source:
                    yield f'volume "{volume.get("name") or ""}" (Projected) has no sources provided'
                paths += list(_projected(source))
            yield from _overlaps(volume, "Projected", paths)


def _listed(volume: Value) -> Iterator[tuple[str, list[Path]]]:
    """The paths of a volume that has one source, and how the source is called."""
    if part := volume.get("configMap"):
        yield f'ConfigMap "{part.get("name") or ""}"', _paths(part)
    if part := volume.get("secret"):
        yield f'Secret "{part.get("secretName") or ""}"', _paths(part)
    if part := volume.get("downwardAPI"):
        yield "DownwardAPI", _paths(part)


def _paths(part: Value, source: str = "") -> list[Path]:
    return [(item.get("path") or "", source) for item in part.get("items") or ()]


def _projected(source: Value) -> Iterator[Path]:
    for word, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if part := source.get(word):
            yield from _paths(part, f'{kind} "{part.get("name") or ""}"')
    if part := source.get("downwardAPI"):
        yield from _paths(part, "DownwardAPI")
    if part := source.get("serviceAccountToken"):
        yield part.get("path") or "", "ServiceAccountToken"
    if part := source.get("clusterTrustBundle"):
        name = part.get("name") or part.get("signerName") or ""
        yield part.get("path") or "", f'ClusterTrustBundle "{name}"'
    if part := source.get("podCertificate"):
        for word, name in CERTIFICATE_FILES:
            if part.get(word):
                yield part[word], f"PodCertificate {name}"


def _overlaps(volume: Value, said: str, paths: Iterable[Path]) -> Iterator[str]:
    before: list[Path] = []
    for path, source in paths:
        item = (path.rstrip("/"), source)
        for other in before:
            if _touch(item[0], other[0]):
                about = f'volume "{volume.get("name") or ""}" ({said})'
                yield f"{about}: overlapping paths: {_shown(item)} with {_shown(other)}"
        before.append(item)


def _touch(path: str, other: str) -> bool:
    return bool(path and other) and (f"{other}/".startswith(f"{path}/") or f"{path}/".startswith(f"{other}/"))


def _shown(item: Path) -> str:
    path, source = item
    return f'"{path}" ({source})' if source else f'"{path}"'
