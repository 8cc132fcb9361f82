"""ControllerRevision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, negative, required
from sampan.core.model.kinds import KindRules

Value = Mapping[str, Any]


class ControllerRevisionRules(KindRules):
    revalidates_metadata = 1

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        data = obj.get("data")
        if data is None:
            return [required("data", "data is mandatory")]
        return [] if isinstance(data, Mapping) else [required("data", "data must be a valid JSON object")]

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return changed("data", obj.get("data"), old.get("data"))


def validate_controller_revision(obj: Value, path: str) -> list[Cause]:
    return negative("revision", obj.get("revision"))
