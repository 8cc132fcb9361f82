"""IngressClass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, malformed, not_supported, required, too_long
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.domain_path import validate_domain_path
from sampan.core.model.rules.common.references import validate_typed_reference

Value = Mapping[str, Any]

SCOPES: Final = ("Cluster", "Namespace")
LONGEST_CONTROLLER: Final = 250


class IngressClassRules(KindRules):
    changes_first = True
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        parameters = (obj.get("spec") or {}).get("parameters")
        if parameters is not None and parameters.get("scope") is None:
            parameters["scope"] = "Cluster"

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        new, before = ((each.get("spec") or {}).get("controller") for each in (obj, old))
        return changed("spec.controller", new, before)


def validate_ingress_class(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    controller, where = spec.get("controller") or "", "spec.controller"
    causes = [too_long(where, LONGEST_CONTROLLER)] if len(controller.encode()) > LONGEST_CONTROLLER else []
    causes += validate_domain_path(controller, where)
    parameters = spec.get("parameters")
    return causes + (_parameters(parameters, "spec.parameters") if parameters is not None else [])


def _parameters(parameters: Value, path: str) -> list[Cause]:
    causes = validate_typed_reference(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    if scope is None:
        return [*causes, required(f"{path}.scope")]
    if scope not in SCOPES:
        return [*causes, not_supported(f"{path}.scope", scope, SCOPES)]
    if scope == "Cluster":
        words = "`parameters.scope` is set to 'Cluster'"
        return [*causes, forbidden(f"{path}.namespace", words)] if namespace is not None else causes
    if namespace is None:
        return [*causes, required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")]
    return causes + malformed(f"{path}.namespace", namespace, "dns1123-label")
