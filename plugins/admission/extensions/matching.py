"""Whether a webhook or a policy has a say in a request, and in which version it wants to see it.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.access import AdmissionRequest, Equivalent, Reader
from sampan.core.model.kinds import KindInfo
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


EVERYTHING: Final = ({"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]},)


def is_exempt(request: AdmissionRequest) -> bool:
    return request.info.resource in EXEMPT


@frozen
class Match:
    """As what a request is looked at: as what it is, or as an equivalent of that."""

    equivalent: Equivalent | None = None


AS_IT_IS: Final = Match()


def matches(value: Value, rules: Sequence[Value], request: AdmissionRequest, reader: Reader) -> Match | None:
    """``value`` has the selectors and the ``matchPolicy`` (a webhook, or a policy's ``matchConstraints``)."""
    found = _match(value, rules, request)
    if (
        found is None
        or not _namespace_matches(value.get("namespaceSelector") or {}, request, reader)
        or not _object_matches(value.get("objectSelector") or {}, request)
    ):
        return None
    return found


def resources_match(value: Value, request: AdmissionRequest, reader: Reader) -> Match | None:
    """A policy's or binding's ``MatchResources``. Without rules of its own it takes what its policy takes."""
    excluded = value.get("excludeResourceRules") or ()
    if excluded and _match(value, excluded, request) is not None:
        return None
    return matches(value, value.get("resourceRules") or EVERYTHING, request, reader)


def _match(value: Value, rules: Sequence[Value], request: AdmissionRequest) -> Match | None:
    """A rule that names what was asked for comes before one that names an equivalent of it."""
    if any(rule_matches(rule, request) for rule in rules):
        return AS_IT_IS
    if value.get("matchPolicy") == "Exact" or not any(_may_mean(rule, request) for rule in rules):
        return None
    others = request.equivalents()
    for rule in rules:
        for other in others:
            if rule_matches(rule, request, other.info):
                return Match(other)
    return None


def _may_mean(rule: Value, request: AdmissionRequest) -> bool:
    """Whether only group, version and resource keep the rule from matching: cheaper than to look for equivalents."""
    names = rule.get("resourceNames") or ()
    return _is_among(request.operation, rule.get("operations")) and (not names or request.name in names)


def rule_matches(rule: Value, request: AdmissionRequest, info: KindInfo | None = None) -> bool:
    """``info``: the equivalent that the request is looked at as."""
    info = info or request.info
    names = rule.get("resourceNames") or ()
    return (
        _is_among(request.operation, rule.get("operations"))
        and _is_among(info.group, rule.get("apiGroups"))
        and _is_among(info.version, rule.get("apiVersions"))
        and any(_is_resource(each, info.plural, request.subresource) for each in rule.get("resources") or ())
        and _is_in_scope(rule.get("scope") or "*", request)
        and (not names or request.name in names)
    )


class Looks:
    """A request as the equivalents that webhooks and policies ask for: each converted once, while nobody changes it."""

    def __init__(self, request: AdmissionRequest) -> None:
        self._request = request
        self._made: dict[str, AdmissionRequest] = {}

    async def look(self, match: Match) -> AdmissionRequest:
        """Raises `InternalError` where it cannot be converted."""
        other = match.equivalent
        if other is None:
            return self._request
        found = self._made.get(other.info.api_version)
        if found is None:
            request = self._request
            found = self._made[other.info.api_version] = attrs.evolve(
                request,
                info=other.info,
                obj=None if request.obj is None else await other.convert(request.obj),
                old=None if request.old is None else await other.convert(request.old),
                merge=other.merge,
                requested=request.info,
            )
        return found

    async def take_over(self, match: Match, changed: AdmissionRequest) -> None:
        """What has become of the object there becomes of the request's own."""
        if match.equivalent is not None and self._request.obj is not None and changed.obj is not None:
            value = await match.equivalent.convert_back(changed.obj)
            self._request.obj.clear()
            self._request.obj.update(value)
        self._made.clear()


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
