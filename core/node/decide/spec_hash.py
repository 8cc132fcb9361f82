"""Which change of a container's spec means that it must be made anew: of what may change, the image alone."""

from __future__ import annotations

from hashlib import sha256

from sampan.core.model.core_v1.container import Container


def spec_hash(container: Container) -> str:
    """Kept as a label of the container, so it must never mean something else after an upgrade."""
    return sha256(f"{container.name}\0{container.image}".encode()).hexdigest()[:16]
