"""Checks on what webhooks and policies match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, invalid, not_supported, required, too_many
from sampan.core.model.expressions import Expression
from sampan.core.model.formats import qualified_name
from sampan.core.model.rules.common.metadata import path_segment
from sampan.core.model.rules.common.selectors import validate_selector

Value = Mapping[str, Any]

OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
MUTATING_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "UPDATE")
SCOPES: Final = ("*", "Cluster", "Namespaced")
MATCH_POLICIES: Final = ("Equivalent", "Exact")
FAILURE_POLICIES: Final = ("Fail", "Ignore")
MOST_CONDITIONS: Final = 64
REQUEST_VARIABLES: Final = {
    "object": "object",
    "oldObject": "object",
    "request": "request",
    "authorizer": "authorizer",
}


def validate_rule(rule: Value, path: str) -> list[Cause]:
    """Operations, groups, versions, resources and scope."""
    operations = rule.get("operations") or ()
    causes = []
    if not operations:
        causes.append(required(f"{path}.operations"))
    if len(operations) > 1 and "*" in operations:
        causes.append(invalid(f"{path}.operations", operations, "if '*' is present, must not specify other operations"))
    for index, operation in enumerate(operations):
        if operation not in OPERATIONS:
            causes.append(not_supported(f"{path}.operations[{index}]", operation, OPERATIONS))
    causes += _all_or_some(rule.get("apiGroups") or (), f"{path}.apiGroups", "API groups")
    versions = rule.get("apiVersions") or ()
    causes += _all_or_some(versions, f"{path}.apiVersions", "API versions")
    causes += [required(f"{path}.apiVersions[{index}]") for index, version in enumerate(versions) if not version]
    causes += _resources(rule.get("resources") or (), f"{path}.resources")
    scope = rule.get("scope")
    if scope is not None and scope not in SCOPES:
        causes.append(not_supported(f"{path}.scope", scope, SCOPES))
    return causes


def validate_named_rule(rule: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, name in enumerate(rule.get("resourceNames") or ()):
        place = f"{path}.resourceNames[{index}]"
        causes += [invalid(place, name, problem) for problem in path_segment(name)]
        if name in seen:
            causes.append(duplicate(place, name))
        seen.add(name)
    return causes + validate_rule(rule, path)


def _all_or_some(values: Sequence[str], path: str, words: str) -> list[Cause]:
    if not values:
        return [required(path)]
    if len(values) > 1 and "*" in values:
        return [invalid(path, values, f"if '*' is present, must not specify other {words}")]
    return []


def _resources(resources: Sequence[str], path: str) -> list[Cause]:
    if not resources:
        return [required(path)]
    causes = []
    with_all_parts: set[str] = set()
    parts_of_all: set[str] = set()
    for index, each in enumerate(resources):
        place = f"{path}[{index}]"
        if not each:
            causes.append(required(place))
            continue
        resource, slash, part = each.partition("/")
        if not slash:
            continue
        if resource in with_all_parts:
            causes.append(invalid(place, each, f"if '{resource}/*' is present, must not specify {each}"))
        if part in parts_of_all:
            causes.append(invalid(place, each, f"if '*/{part}' is present, must not specify {each}"))
        if part == "*":
            with_all_parts.add(resource)
        if resource == "*":
            parts_of_all.add(part)
    if len(resources) > 1 and "*/*" in resources:
        causes.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    whole = [each for each in resources if each and "/" not in each]
    if "*" in resources and whole and whole[-1] != "*":
        words = "if '*' is present, must not specify other resources without subresources"
        causes.append(invalid(path, resources, words))
    return causes


def validate_match_resources(value: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    policy = value.get("matchPolicy")
    if policy is None:
        causes.append(required(f"{path}.matchPolicy"))
    elif policy not in MATCH_POLICIES:
        causes.append(not_supported(f"{path}.matchPolicy", policy, MATCH_POLICIES))
    for word in ("namespaceSelector", "objectSelector"):
        selector = value.get(word)
        causes += [required(f"{path}.{word}")] if selector is None else validate_selector(selector, f"{path}.{word}")
    for word in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(value.get(word) or ()):
            causes += validate_named_rule(rule, f"{path}.{word}[{index}]")
    return causes


def mutable_operations(value: Value, path: str) -> Iterable[Cause]:
    """What is deleted cannot be changed. Kubernetes names the list without an index."""
    for rule in value.get("resourceRules") or ():
        for operation in rule.get("operations") or ():
            if operation not in MUTATING_OPERATIONS:
                yield not_supported(f"{path}.resourceRules.operations", operation, MUTATING_OPERATIONS)


def validate_conditions(conditions: Sequence[Value], path: str, variables: Mapping[str, str]) -> list[Cause]:
    """Match conditions: their expressions, and names that tell them apart."""
    causes: list[Cause] = []
    if len(conditions) > MOST_CONDITIONS:
        causes.append(too_many(path, len(conditions), MOST_CONDITIONS))
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        place, name = f"{path}[{index}]", condition.get("name") or ""
        source = (condition.get("expression") or "").strip()
        if not source:
            causes.append(required(f"{place}.expression"))
        else:
            causes.append(Expression(field=f"{place}.expression", source=source, variables=variables, gives=("bool",)))
        causes += _condition_name(name, f"{place}.name", seen)
    return causes


def _condition_name(name: str, path: str, seen: set[str]) -> Iterable[Cause]:
    if not name:
        yield required(path)
        return
    for problem in qualified_name(name):
        yield invalid(path, name, problem)
    if name in seen:
        yield duplicate(path, name)
    seen.add(name)
