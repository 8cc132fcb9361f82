"""What an update may not touch is put back from the stored object, not refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.model.kinds import JsonObject

META: Final = ("generation", "labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp")
"""What most writes of a status leave of the metadata, where they leave some (`KindRules.status_keeps`)."""
ALL_META: Final = (*META, "uid", "creationTimestamp", "deletionGracePeriodSeconds")


def keep(obj: JsonObject, old: Mapping[str, Any], word: str) -> None:
    """Put back what the stored object has (or has not) under ``word``."""
    if word in old:
        obj[word] = old[word]
    else:
        obj.pop(word, None)
