"""What a namespace asks of its pods: three modes, each a level and a version, as labels. Pure.

https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.plugins.pod_security.checks import LATEST, LEVELS

PREFIX: Final = "pod-security.kubernetes.io/"
MODES: Final = ("enforce", "audit", "warn")
_VERSION: Final = re.compile(r"v1\.(0|[1-9][0-9]{0,3})")

Labels = Mapping[str, str]


@frozen
class Standard:
    level: str = "privileged"
    version: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.version == LATEST else f'v1.{self.version}'}"


ANY_POD: Final = Standard()


def standard(labels: Labels, mode: str) -> Standard:
    """What the labels ask for in a mode. What cannot be read counts as restricted, as in Kubernetes."""
    level = labels.get(f"{PREFIX}{mode}")
    if level is None:
        return ANY_POD
    version = read_version(labels.get(f"{PREFIX}{mode}-version", "latest"))
    if level not in LEVELS or version is None:
        return Standard("restricted", LATEST)
    return Standard(level, version)


def read_version(text: str) -> int | None:
    if text in ("", "latest"):
        return LATEST
    match = _VERSION.fullmatch(text)
    return int(match[1]) if match else None


def problems(labels: Labels, old: Labels) -> list[Cause]:
    """Labels that mean nothing, where they are new."""
    causes = []
    for mode in MODES:
        label = f"{PREFIX}{mode}"
        if label in labels and labels[label] not in LEVELS and old.get(label) != labels[label]:
            said = f"must be one of {', '.join(LEVELS)}"
            causes.append(invalid(f"metadata.labels[{label}]", labels[label], said))
        label = f"{label}-version"
        if label in labels and read_version(labels[label]) is None and old.get(label) != labels[label]:
            said = 'must be "latest" or "v1.x"'
            causes.append(invalid(f"metadata.labels[{label}]", labels[label], said))
    return causes


def labels_of(obj: Mapping[str, Any] | None) -> Labels:
    return ((obj or {}).get("metadata") or {}).get("labels") or {}
