"""The patch that takes the API from one pod status to another. Pure.

A strategic merge patch of the status subresource, as the kubelet sends it: what others have written stays.
"""

from __future__ import annotations

from typing import Any

from sampan.core.model.core_v1.pod import PodStatus
from sampan.core.schema.codec import to_wire

MERGED_BY_IP = ("podIPs", "hostIPs")
AMOUNTS = ("allocatedResources", "resources")
"""Merged by their keys, however deep."""


def status_patch(uid: str, old: PodStatus, new: PodStatus) -> dict[str, Any] | None:
    """``None``: nothing differs. The uid refuses a patch of a namesake."""
    before, after = to_wire(old), to_wire(new)
    changes: dict[str, Any] = {}
    for name in {*before, *after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if name == "conditions":
            changes |= _conditions(was or [], now or [])
        elif name in MERGED_BY_IP and was and now:
            changes[name] = [{"$patch": "replace"}, *now]
        elif name in MERGED_BY_IP and was:
            changes[name] = [{"$patch": "replace"}]
        elif name in AMOUNTS:
            changes[name] = _without(was, now)
        else:
            changes[name] = now
    return {"metadata": {"uid": uid}, "status": changes} if changes else None


def _without(was: Any, now: Any) -> Any:
    """``now``, and a ``null`` for each key that goes."""
    if not isinstance(was, dict) or not isinstance(now, dict):
        return now
    return {key: _without(was.get(key), now.get(key)) for key in was | now}


def _conditions(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> dict[str, Any]:
    known = {each["type"]: each for each in was}
    changed = []
    for each in now:
        old = known.get(each["type"], {})
        if old != each:
            changed.append({name: None for name in old if name not in each} | each)
    gone = known.keys() - {each["type"] for each in now}
    changed += [{"$patch": "delete", "type": name} for name in sorted(gone)]
    return {
        "$setElementOrder/conditions": [{"type": each["type"]} for each in now],
        "conditions": changed,
    }
