"""What checks of the Pod Security Standards have in common: what one finds, how it reads a pod and words what it minds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen

Wire = Mapping[str, Any]


@frozen
class Finding:
    """What a check minds, in short and at length."""

    reason: str
    detail: str = ""

    @property
    def text(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Wire, Wire, int], Finding | None]
"""Metadata and spec of a pod, and the standard's version."""


def containers(spec: Wire) -> Iterator[Wire]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def named(word: str, names: Sequence[str]) -> str:
    return f"{word}{'s' if len(names) > 1 else ''} {quoted(names)}"


def context(holder: Wire) -> Wire:
    found: Wire = holder.get("securityContext") or {}
    return found


def is_windows(spec: Wire, version: int) -> bool:
    return version >= 25 and (spec.get("os") or {}).get("name") == "windows"
