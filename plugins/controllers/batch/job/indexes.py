"""Completion indexes: which a pod has, and sets of them as a Job's status writes them (``0,2-4``). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sampan.core.model.core_v1.pod import Pod

INDEX: Final = "batch.kubernetes.io/job-completion-index"
"""The annotation, and since 1.28 the label, that holds a pod's index."""


def index_of(pod: Pod) -> int | None:
    """``None`` where it has none, or none that is a number."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isascii() and text.isdigit() else None


def parse(text: str | None, completions: int) -> frozenset[int]:
    """The indexes that a text names, without those that the Job does not have (any more)."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, dash, last = part.partition("-")
        if first.isdigit() and (not dash or last.isdigit()):
            found.update(range(int(first), min(int(last if dash else first), completions - 1) + 1))
    return frozenset(found)


def write(indexes: Iterable[int]) -> str:
    """As short as Kubernetes writes them: ``0,2,4-6``; two neighbours stay two."""
    ordered = sorted(indexes)
    parts: list[str] = []
    place = 0
    while place < len(ordered):
        end = place
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        first, last = ordered[place], ordered[end]
        if last == first:
            parts.append(str(first))
        elif last == first + 1:
            parts += [str(first), str(last)]
        else:
            parts.append(f"{first}-{last}")
        place = end + 1
    return ",".join(parts)
