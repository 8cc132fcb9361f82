"""Validating and mutating admission policies: rules and changes as expressions, put to use by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen
from sampan.core.contracts.access import AccessContext, AdmissionRequest, Reader
from sampan.core.model.kinds import KindInfo
from sampan.core.model.labels import matches_selector
from sampan.plugins.admission.extensions.matching import Match, is_exempt, resources_match

Value = Mapping[str, Any]
GROUP = "admissionregistration.k8s.io"


@frozen
class Bound:
    """A policy with one of its bindings."""

    policy: Value
    binding: Value

    @property
    def name(self) -> str:
        return str(self.policy["metadata"]["name"])

    @property
    def binding_name(self) -> str:
        return str(self.binding["metadata"]["name"])

    @property
    def spec(self) -> Value:
        return self.policy.get("spec") or {}

    @property
    def is_optional(self) -> bool:
        return self.spec.get("failurePolicy") == "Ignore"


class ParamsMissing(Exception):
    """The binding names parameters that are not there, and wants that refused; or none that there could be."""


class ParamKindMissing(Exception):
    """The policy is for parameters of a kind that there is not."""


class BoundPolicies:
    """The policies of one sort with their bindings, worked out anew when one of them has changed."""

    def __init__(self, context: AccessContext, plural: str) -> None:
        self._reader = context.reader
        self._policies = f"{plural}.{GROUP}"
        self._bindings = f"{plural.removesuffix('ies')}ybindings.{GROUP}"
        self._known: tuple[tuple[int, int], tuple[Bound, ...]] = ((-2, -2), ())

    def concerned(self, request: AdmissionRequest) -> Iterator[tuple[Bound, Match]]:
        """With what the policy wants to see the request as."""
        bound = self._all()
        if not bound or is_exempt(request):
            return
        for each in bound:
            constraints = each.spec.get("matchConstraints") or {}
            narrower = (each.binding.get("spec") or {}).get("matchResources")
            match = resources_match(constraints, request, self._reader)
            if match is not None and (narrower is None or resources_match(narrower, request, self._reader) is not None):
                yield each, match

    def _all(self) -> tuple[Bound, ...]:
        changed = (self._reader.changed(self._policies), self._reader.changed(self._bindings))
        if changed != self._known[0]:
            policies = {each["metadata"]["name"]: each for each in self._reader.list(self._policies)}
            bindings = sorted(self._reader.list(self._bindings), key=lambda each: str(each["metadata"]["name"]))
            named = ((each, policies.get((each.get("spec") or {}).get("policyName"))) for each in bindings)
            bound = [Bound(policy, binding) for binding, policy in named if policy is not None]
            self._known = (changed, tuple(sorted(bound, key=lambda each: (each.name, each.binding_name))))
        return self._known[1]


def parameters(bound: Bound, request: AdmissionRequest, reader: Reader) -> Sequence[Value | None]:
    """What the policy is asked with, once for each; ``None`` for a policy without parameters.

    Raises `ParamsMissing` and `ParamKindMissing`.
    """
    kind = bound.spec.get("paramKind")
    reference = (bound.binding.get("spec") or {}).get("paramRef")
    if not kind or not reference:
        return (None,)
    about = reader.find_kind(kind.get("apiVersion", ""), kind.get("kind", ""))
    if about is None:
        named = f"{kind.get('apiVersion', '')}, Kind={kind.get('kind', '')}"
        raise ParamKindMissing(
            f"failed to configure policy: failed to find resource referenced by paramKind: '{named}'"
        )
    found = list(_found(about, reference, request, reader))
    if found or reference.get("parameterNotFoundAction") == "Allow":
        return found
    raise ParamsMissing("no params found for policy binding with `Deny` parameterNotFoundAction")


def _found(about: KindInfo, reference: Value, request: AdmissionRequest, reader: Reader) -> Iterator[Value]:
    named = reference.get("namespace") or ""
    if named and not about.namespaced:
        raise ParamsMissing("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    namespace = (named or request.namespace) if about.namespaced else ""
    if about.namespaced and not namespace:
        raise ParamsMissing("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    if reference.get("name"):
        found = reader.get(about.resource, namespace, reference["name"])
        if found is not None:
            yield found
        return
    selector = reference.get("selector") or {}
    for each in reader.list(about.resource, namespace or None):
        if matches_selector(selector, each["metadata"].get("labels") or {}):
            yield each
