"""Whether a webhook or a policy has a say in a request. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sampan.core.contracts.access import AdmissionRequest, Reader
from sampan.core.model.labels import matches_selector

Value = Mapping[str, Any]

EXEMPT = frozenset(
    f"{kind}.admissionregistration.k8s.io"
    for kind in (
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "validatingwebhookconfigurations",
    )
)
"""What nobody has a say in: a wrong configuration can always be mended or deleted."""


def is_exempt(request: AdmissionRequest) -> bool:
    return request.info.resource in EXEMPT


def matches(value: Value, rules: Sequence[Value], request: AdmissionRequest, reader: Reader) -> bool:
    """``value`` has the selectors (a webhook, or a policy's ``matchConstraints``)."""
    return (
        any(rule_matches(rule, request) for rule in rules)
        and _namespace_matches(value.get("namespaceSelector") or {}, request, reader)
        and _object_matches(value.get("objectSelector") or {}, request)
    )


def resources_match(value: Value, request: AdmissionRequest, reader: Reader) -> bool:
    """A policy's or binding's ``MatchResources``. Without rules of its own it takes what its policy takes."""
    rules = value.get("resourceRules")
    excluded = value.get("excludeResourceRules") or ()
    if any(rule_matches(rule, request) for rule in excluded):
        return False
    everything = ({"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]},)
    return matches(value, rules or everything, request, reader)


def rule_matches(rule: Value, request: AdmissionRequest) -> bool:
    info = request.info
    names = rule.get("resourceNames") or ()
    return (
        _is_among(request.operation, rule.get("operations"))
        and _is_among(info.group, rule.get("apiGroups"))
        and _is_among(info.version, rule.get("apiVersions"))
        and any(_is_resource(each, info.plural, request.subresource) for each in rule.get("resources") or ())
        and _is_in_scope(rule.get("scope") or "*", request)
        and (not names or request.name in names)
    )


def _is_among(value: str, allowed: Sequence[str] | None) -> bool:
    return allowed is not None and (value in allowed or "*" in allowed)


def _is_resource(pattern: str, plural: str, subresource: str) -> bool:
    resource, _, part = pattern.partition("/")
    if resource not in ("*", plural):
        return False
    return part == subresource or (part == "*" and (bool(subresource) or resource == "*" or pattern.endswith("/*")))


def _is_in_scope(scope: str, request: AdmissionRequest) -> bool:
    """A Namespace itself is in no namespace."""
    return scope == "*" or (scope == "Namespaced") == request.info.namespaced


def _namespace_matches(selector: Value, request: AdmissionRequest, reader: Reader) -> bool:
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return True
    if request.info.resource == "namespaces":
        labels = _labels(request.obj if request.operation in ("CREATE", "UPDATE") else request.old)
        return matches_selector(selector, labels)
    if not request.info.namespaced:
        return True
    return matches_selector(selector, _labels(reader.get("namespaces", "", request.namespace)))


def _object_matches(selector: Value, request: AdmissionRequest) -> bool:
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return True
    return any(obj is not None and matches_selector(selector, _labels(obj)) for obj in (request.obj, request.old))


def _labels(obj: Value | None) -> Mapping[str, str]:
    metadata = (obj or {}).get("metadata")
    found = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}
