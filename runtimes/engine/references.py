"""Image names as pods give them, for the engines."""

from __future__ import annotations

from sampan.core.contracts.runtime import ImageError
from sampan.core.model.image_reference import Reference, reference_of

__all__ = ["Reference", "parse_reference"]


def parse_reference(image: str) -> Reference:
    """Raises `ImageError` with Kubernetes' reason ``InvalidImageName`` for what is no name."""
    reference = reference_of(image)
    if reference is None:
        raise ImageError(f'couldn\'t parse image name "{image}": invalid reference format', reason="InvalidImageName")
    return reference
