"""Which of a pod's fields its runtime does not honour: nobody is left to find out by himself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import to_wire


def unsupported_fields(pod: Pod, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` (``spec.containers[].tty``) that the pod sets, with the names of list items in place."""
    paths = tuple(paths)
    if not paths:
        return []
    wire = to_wire(pod)
    return [found for path in paths for found in _find(wire, path.split("."), "")]


def open_stdins(pod: Pod) -> list[str]:
    """The stdins (without a terminal) that are to outlive the first client, which not every runtime can do."""
    return [
        f"spec.containers[{container.name}].stdinOnce=false"
        for container in pod.spec.containers
        if container.stdin and not container.stdin_once and not container.tty
    ]


def _find(value: Any, parts: list[str], where: str) -> Iterator[str]:
    if not parts:
        if value not in (None, False, "", {}, []):
            yield where
        return
    name, rest = parts[0].removesuffix("[]"), parts[1:]
    below = value.get(name) if isinstance(value, dict) else None
    path = f"{where}.{name}" if where else name
    if not parts[0].endswith("[]"):
        yield from _find(below, rest, path)
        return
    for number, item in enumerate(below or ()):
        label = item.get("name", number) if isinstance(item, dict) else number
        yield from _find(item, rest, f"{path}[{label}]")
