"""ConfigMap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import WHOLE_OBJECT, invalid, malformed, too_long
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.core_v1.immutable import MAX_BYTES, byte_size, validate_unchanged

Value = Mapping[str, Any]


class ConfigMapRules(KindRules):
    changes_first = True
    revalidates_metadata = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return validate_unchanged(obj, old, ("data", "binaryData"))


def validate_config_map(obj: Value, path: str) -> list[Cause]:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    causes = []
    for key in sorted(data):
        causes += malformed(f"data[{key}]", key, "config-map-key")
        if key in binary:
            causes.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key in sorted(binary):
        causes += malformed(f"binaryData[{key}]", key, "config-map-key")
    if sum(len(text.encode()) for text in data.values()) + sum(map(byte_size, binary.values())) > MAX_BYTES:
        causes.append(too_long(WHOLE_OBJECT, MAX_BYTES))
    return causes
