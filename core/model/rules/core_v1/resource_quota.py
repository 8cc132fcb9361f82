"""ResourceQuota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.quantity import canonical, compare
from sampan.core.model.rules.core_v1.resource_names import is_quota_resource, validate_amount, validate_resource_name

Value = Mapping[str, Any]

OF_PODS: Final = frozenset({"pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"})
SCOPES: Final[Mapping[str, frozenset[str]]] = {
    "Terminating": OF_PODS,
    "NotTerminating": OF_PODS,
    "BestEffort": frozenset({"pods"}),
    "NotBestEffort": OF_PODS,
    "PriorityClass": OF_PODS,
    "CrossNamespacePodAffinity": OF_PODS,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""Each scope with the resources that can be counted in it."""
ONLY_EXISTS: Final = ("BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity")
CONTRADICTIONS: Final = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
UNKNOWN_SCOPE: Final = "unsupported scope"
WRONG_SCOPE: Final = "unsupported scope applied to resource"
MUST_EXIST: Final = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
    "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
COMPARED: Final = ("cpu", "memory", "storage", "ephemeral-storage")


class ResourceQuotaRules(KindRules):
    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            status = obj.get("status") or {}
            return [
                *_amounts(status.get("hard") or {}, "status.hard"),
                *_amounts(status.get("used") or {}, "status.used"),
            ]
        scopes = (obj.get("spec") or {}).get("scopes") or []
        if set(scopes) == set((old.get("spec") or {}).get("scopes") or ()):
            return ()
        return [invalid("spec.scopes", scopes, "field is immutable")]

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        hard = (obj.get("spec") or {}).get("hard") or {}
        for name in COMPARED:
            request_name = f"requests.{name}"
            if request_name not in hard and name in ("cpu", "memory"):
                request_name = name
            request, limit = hard.get(request_name), hard.get(f"limits.{name}")
            if request is not None and limit is not None and compare(request, limit) > 0:
                yield f"ResourceQuota {request_name} ({request}) should be less than limits.{name} ({limit})"


def validate_resource_quota(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    return _amounts(spec.get("hard") or {}, "spec.hard") + _scopes(spec) + _selector(spec)


def _amounts(amounts: Mapping[str, Any], path: str) -> list[Cause]:
    causes = []
    for name in sorted(amounts):
        where = f"{path}[{name}]"
        causes += validate_resource_name(name, where)
        if "/" not in name and not is_quota_resource(name):
            causes.append(invalid(where, name, "must be a standard resource for quota"))
        causes += validate_amount(name, canonical(amounts[name]), where)
    return causes


def _misapplied(scope: str, spec: Value) -> int:
    """How many of the quota's resources cannot be counted in a scope."""
    countable = SCOPES.get(scope)
    hard = spec.get("hard") or {}
    return sum(countable is not None and is_quota_resource(name) and name not in countable for name in hard)


def _scopes(spec: Value) -> list[Cause]:
    scopes, path = spec.get("scopes") or (), "spec.scopes"
    causes = []
    for scope in scopes:
        if scope not in SCOPES:
            causes.append(invalid(path, scopes, UNKNOWN_SCOPE))
        causes += [invalid(path, scopes, WRONG_SCOPE)] * _misapplied(scope, spec)
    return causes + _contradictions(set(scopes), path, scopes)


def _contradictions(scopes: set[str], path: str, shown: Any) -> list[Cause]:
    return [invalid(path, shown, "conflicting scopes") for pair in CONTRADICTIONS if pair <= scopes]


def _selector(spec: Value) -> list[Cause]:
    selector = spec.get("scopeSelector")
    if selector is None:
        return []
    path, expressions = "spec.scopeSelector.matchExpressions", selector.get("matchExpressions") or ()
    causes = []
    for expression in expressions:
        scope = expression.get("scopeName") or ""
        if scope not in SCOPES:
            causes.append(invalid(f"{path}.scopeName", scope, UNKNOWN_SCOPE))
        causes += [invalid(path, _as_kept(selector), WRONG_SCOPE)] * _misapplied(scope, spec)
        causes += _expression(expression, scope, path)
    named = {expression.get("scopeName") or "" for expression in expressions}
    return causes + _contradictions(named, path, spec.get("scopes"))


def _expression(expression: Value, scope: str, path: str) -> list[Cause]:
    operator, values = expression.get("operator") or "", expression.get("values") or []
    causes = []
    if scope in ONLY_EXISTS and operator != "Exists":
        causes.append(invalid(f"{path}.operator", operator, MUST_EXIST))
    if operator in ("In", "NotIn"):
        if not values:
            words = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            causes.append(required(f"{path}.values", words))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            words = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            causes.append(invalid(f"{path}.values", values, words))
    else:
        causes.append(invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return causes


def _as_kept(selector: Value) -> Value:
    """The selector under the names that Kubernetes' messages use."""
    return {
        "MatchExpressions": [
            {
                "ScopeName": each.get("scopeName") or "",
                "Operator": each.get("operator") or "",
                "Values": each.get("values"),
            }
            for each in selector.get("matchExpressions") or ()
        ]
    }
