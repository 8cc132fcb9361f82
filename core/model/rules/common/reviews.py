"""Reviews: questions that are posted, answered at once and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.core.model.kinds import KindRules

Value = Mapping[str, Any]

SERVERS_OWN: Final = "managedFields"
"""What is found in a question's metadata though nobody wrote it there."""


class ReviewRules(KindRules):
    """A question needs no name."""


def without_metadata(obj: Value, words: str, *allowed: str) -> list[Cause]:
    """A question is about nothing that has a name: its metadata says at most what is ``allowed``."""
    meta = {word: item for word, item in (obj.get("metadata") or {}).items() if item and word != SERVERS_OWN}
    return [invalid("metadata", meta, words)] if meta.keys() - {*allowed} else []
