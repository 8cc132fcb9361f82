"""A Secret of any namespace."""

from __future__ import annotations

from sampan.core.model.meta import model


@model
class SecretReference:
    """A Secret, by name and namespace."""

    __map_type__ = "atomic"

    name: str | None = None
    """The Secret's name, which is unique in its namespace."""
    namespace: str | None = None
    """The namespace that the Secret is in."""
