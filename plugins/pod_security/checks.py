"""The Pod Security Standards: what each level forbids, by version. Pure functions of wire values.

https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from sampan.core.model.cleared import Cleared
from sampan.plugins.pod_security.baseline import BASELINE, baseline_capabilities, baseline_seccomp, host_path_volumes
from sampan.plugins.pod_security.finding import Check, Finding, Wire
from sampan.plugins.pod_security.restricted import RESTRICTED

Level = Literal["privileged", "baseline", "restricted"]
LEVELS: Final = ("privileged", "baseline", "restricted")
LATEST: Final = 10_000
"""The version ``latest``."""

OVERRIDDEN: Final = (baseline_capabilities, baseline_seccomp, host_path_volumes)
"""Checks of the baseline that a stricter one of the restricted level stands for."""


def evaluate(level: str, version: int, metadata: Wire, spec: Wire) -> list[Finding]:
    """What a level forbids about a pod."""
    if level == "privileged":
        return []
    return _evaluated(level, version, {"annotations": metadata.get("annotations")}, spec)


def _evaluate(level: str, version: int, metadata: Wire, spec: Wire) -> list[Finding]:
    checks: Sequence[Check] = BASELINE if level == "baseline" else (*_without_overridden(), *RESTRICTED)
    found = [check(metadata, spec, version) for check in checks]
    return [each for each in found if each is not None]


_evaluated: Final = Cleared(_evaluate)


def _without_overridden() -> Iterator[Check]:
    return (check for check in BASELINE if check not in OVERRIDDEN)
