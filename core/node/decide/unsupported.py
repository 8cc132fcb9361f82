"""Which of a pod's fields its runtime does not honour: nobody is left to find out by himself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import to_wire

CONTAINERS = "spec.containers[]"
OTHER_CONTAINERS = ("spec.initContainers[]", "spec.ephemeralContainers[]")
LIMITS = (f"{CONTAINERS}.resources.limits.cpu", f"{CONTAINERS}.resources.limits.memory")
"""Where there are no control groups."""


def unsupported_fields(pod: Pod, paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` (``spec.containers[].tty``, ``spec.hostUsers=false``) that the pod sets, with the names of list
    items in place. What is said of containers is said of init and ephemeral containers too."""
    paths = [each for path in paths for each in _of_all_containers(path)]
    if not paths:
        return []
    wire = to_wire(pod)
    found = []
    for path in paths:
        way, equals, value = path.partition("=")
        wanted = [each for each, there in _find(wire, way.split("."), "") if _is_set(there, equals, value)]
        found += [f"{each}={value}" if equals else each for each in wanted]
    return found


def _of_all_containers(path: str) -> Iterator[str]:
    yield path
    if path.startswith(CONTAINERS):
        yield from (each + path.removeprefix(CONTAINERS) for each in OTHER_CONTAINERS)


def _is_set(value: Any, equals: str, wanted: str) -> bool:
    if equals:
        return (str(value).lower() if isinstance(value, bool) else value) == wanted
    return value not in (None, False, "", {}, [])


def open_stdins(pod: Pod) -> list[str]:
    """The stdins (without a terminal) that are to outlive the first client, which not every runtime can do."""
    return [
        f"spec.containers[{container.name}].stdinOnce=false"
        for container in pod.spec.containers
        if container.stdin and not container.stdin_once and not container.tty
    ]


def _find(value: Any, parts: list[str], where: str) -> Iterator[tuple[str, Any]]:
    if not parts:
        yield where, value
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
