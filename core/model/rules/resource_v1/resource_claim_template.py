"""ResourceClaimTemplate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import changed
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.metadata import validate_template_metadata
from sampan.core.model.rules.common.sameness import same
from sampan.core.model.rules.resource_v1.admin_access import needed_for_requests
from sampan.core.model.rules.resource_v1.claim_spec import default_claim_spec, validate_claim_spec

Value = Mapping[str, Any]


class ResourceClaimTemplateRules(KindRules):
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        default_claim_spec((obj.get("spec") or {}).get("spec") or {})

    def namespace_needs(self, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterable[tuple[str, Cause]]:
        return needed_for_requests((obj.get("spec") or {}).get("spec") or {}) if old is None else ()

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return [] if same(obj.get("spec"), old.get("spec")) else changed("spec", obj.get("spec"), old.get("spec"))


def validate_resource_claim_template(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = validate_template_metadata(spec.get("metadata") or {}, "spec.metadata")
    return causes + validate_claim_spec(spec.get("spec") or {}, "spec.spec")
