"""Pod Security: the admission plugin, and the standards that it holds pods to."""

from __future__ import annotations

from sampan.core.registry import Registry
from sampan.plugins.pod_security.admission import PodSecurity


def register(registry: Registry) -> None:
    registry.admission("PodSecurity", lambda context: PodSecurity())
