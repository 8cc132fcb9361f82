"""What an engine tells as it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sampan.core.contracts.runtime import LABEL_UID, RuntimeEvent

_TYPES: Mapping[str, Literal["started", "exited", "removed"]] = {
    "start": "started",
    "die": "exited",
    "died": "exited",
    "destroy": "removed",
    "remove": "removed",
}


def event_of(attributes: Mapping[str, str], action: str) -> RuntimeEvent | None:
    """The pod's event that an engine's stands for; ``None`` for what does not matter."""
    uid = attributes.get(LABEL_UID)
    kind = _TYPES.get(action)
    return RuntimeEvent(uid=uid, type=kind) if uid and kind else None
