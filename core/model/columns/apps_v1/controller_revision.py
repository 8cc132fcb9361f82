"""The columns of ControllerRevisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.columns.common.words import AGE, NAME, NONE
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


def _controller(obj: Value, now: datetime) -> str:
    """``statefulset.apps/web``."""
    for owner in (obj.get("metadata") or {}).get("ownerReferences") or ():
        if owner.get("controller"):
            group = (owner.get("apiVersion") or "").rpartition("/")[0]
            kind = f"{owner.get('kind')}.{group}" if group else owner.get("kind") or ""
            return f"{kind.lower()}/{owner.get('name')}"
    return NONE


CONTROLLER_REVISION_COLUMNS: Final = (
    NAME,
    Column(name="Controller", cell=_controller),
    Column(name="Revision", cell=lambda obj, now: obj.get("revision") or 0),
    AGE,
)
