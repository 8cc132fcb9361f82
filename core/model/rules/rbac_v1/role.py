"""Role and ClusterRole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, required
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.selectors import validate_selector

Value = Mapping[str, Any]


class RoleRules(KindRules):
    revalidates_metadata = 1


def validate_role(obj: Value, path: str) -> list[Cause]:
    return _rules(obj, namespaced=True)


def validate_cluster_role(obj: Value, path: str) -> list[Cause]:
    return _rules(obj, namespaced=False) + _aggregation(obj.get("aggregationRule"))


def _aggregation(aggregation: Value | None) -> list[Cause]:
    path = "aggregationRule.clusterRoleSelectors"
    if aggregation is None:
        return []
    selectors = aggregation.get("clusterRoleSelectors") or ()
    if not selectors:
        return [required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")]
    causes = []
    for index, selector in enumerate(selectors):
        found = validate_selector(selector, f"{path}[{index}]")
        causes += [*found, invalid(f"{path}[{index}]", None, "invalid label selector.")] if found else []
    return causes


def _rules(obj: Value, *, namespaced: bool) -> list[Cause]:
    causes = []
    for index, rule in enumerate(obj.get("rules") or ()):
        causes += validate_rule(rule, f"rules[{index}]", namespaced=namespaced)
    return causes


def validate_rule(rule: Value, path: str, *, namespaced: bool) -> list[Cause]:
    """A rule is about resources or, in a ClusterRole, about paths: never both."""
    causes = []
    if not rule.get("verbs"):
        causes.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    groups, resources, names = (rule.get(word) or () for word in ("apiGroups", "resources", "resourceNames"))
    if urls := rule.get("nonResourceURLs"):
        where = f"{path}.nonResourceURLs"
        if namespaced:
            causes.append(invalid(where, urls, "namespaced rules cannot apply to non-resource URLs"))
        if groups or resources or names:
            words = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid(where, urls, words))
        return causes
    if not groups:
        causes.append(required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
    if not resources:
        causes.append(required(f"{path}.resources", "resource rules must supply at least one resource"))
    return causes
