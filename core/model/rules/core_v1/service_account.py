"""ServiceAccount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.model.kinds import JsonObject, KindRules


class ServiceAccountRules(KindRules):
    revalidates_metadata = 1

    def prepare_create(self, obj: JsonObject) -> None:
        """Of a secret counts its name: it lies in the account's own namespace."""
        if obj.get("secrets"):
            obj["secrets"] = [{"name": each["name"]} if each.get("name") else {} for each in obj["secrets"]]

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        self.prepare_create(obj)
