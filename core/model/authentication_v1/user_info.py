"""Who somebody is."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.model.meta import EMPTY, model, wire


@model
class UserInfo:
    """Who somebody is, as the API server sees it."""

    username: str | None = None
    """The name, which is unique among all that can log in."""
    uid: str | None = None
    """Tells this user from every other one there ever was of that name."""
    groups: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The groups that the user is in."""
    extra: Mapping[str, tuple[str, ...]] = EMPTY
    """Further attributes that an authenticator knows of."""
