"""A short word for the commonest sort of list in Kubernetes: items told apart by some of their fields."""

from __future__ import annotations

from typing import Any

from sampan.core.model.meta import wire


def keyed(*keys: str, retain_keys: bool = False, **more: Any) -> Any:
    """A list field whose items are merged by ``keys`` (wire names).

    Server-side apply uses all keys, a strategic merge patch the first. ``retain_keys``: a strategic merge patch that
    names another member of a union replaces the old one (``volumes``). ``more`` is passed on to `wire`.
    """
    strategy = ("merge", "retainKeys") if retain_keys else ("merge",)
    return wire(**{"default": (), **more}, list_type="map", map_keys=keys, merge_key=keys[0], patch_strategy=strategy)
