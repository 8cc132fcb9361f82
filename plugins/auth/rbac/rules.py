"""What a rule of a role allows, and whether some rules allow all that another one does. Pure functions of wire values.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources has the meaning of each field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.contracts.access import Attributes

ALL: Final = "*"


@frozen
class Rule:
    """A PolicyRule, ready to be asked."""

    verbs: frozenset[str]
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Empty: any."""
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Rule:
        verbs, groups, resources, names = (
            frozenset(wire.get(field) or ()) for field in ("verbs", "apiGroups", "resources", "resourceNames")
        )
        return cls(verbs, groups, resources, names, tuple(wire.get("nonResourceURLs") or ()))

    def allows(self, wanted: Attributes) -> bool:
        if wanted.verb not in self.verbs and ALL not in self.verbs:
            return False
        if not wanted.is_resource:
            return any(url_fits(pattern, wanted.path) for pattern in self.urls)
        return (
            (wanted.group in self.groups or ALL in self.groups)
            and self._fits_resource(wanted)
            and (not self.names or wanted.name in self.names)
        )

    def _fits_resource(self, wanted: Attributes) -> bool:
        if ALL in self.resources:
            return True
        if not wanted.subresource:
            return wanted.resource in self.resources
        return (
            f"{wanted.resource}/{wanted.subresource}" in self.resources or f"*/{wanted.subresource}" in self.resources
        )


def url_fits(pattern: str, path: str) -> bool:
    """A path as it is, or everything that begins with what comes before a final star."""
    return pattern in (ALL, path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def uncovered(owned: Iterable[Rule], wanted: Iterable[Mapping[str, Any]]) -> list[dict[str, list[str]]]:
    """The parts of ``wanted`` rules that none of the ``owned`` ones allows: one verb on one resource or path each."""
    have = list(owned)
    return [part for rule in wanted for part in _parts(rule) if not any(_covers(each, part) for each in have)]


def number_of_parts(rules: Iterable[Mapping[str, Any]]) -> int:
    """How many rules `uncovered` would have to look at: a few names in each list of one rule make millions."""

    def together(rule: Mapping[str, Any], *fields: str) -> int:
        return prod(len(rule.get(field) or ()) for field in fields)

    return sum(
        together(rule, "apiGroups", "resources", "verbs") * max(len(rule.get("resourceNames") or ()), 1)
        + together(rule, "nonResourceURLs", "verbs")
        for rule in rules
    )


def _parts(rule: Mapping[str, Any]) -> Iterator[dict[str, list[str]]]:
    """A rule as the smallest rules that it is made of."""
    verbs = rule.get("verbs") or ()
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        if names := rule.get("resourceNames"):
            for name in names:
                yield part | {"resourceNames": [name]}
        else:
            yield part
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owned: Rule, part: Mapping[str, list[str]]) -> bool:
    if part["verbs"][0] not in owned.verbs and ALL not in owned.verbs:
        return False
    if urls := part.get("nonResourceURLs"):
        return any(url_fits(pattern, urls[0]) for pattern in owned.urls)
    group, resource = part["apiGroups"][0], part["resources"][0]
    if group not in owned.groups and ALL not in owned.groups:
        return False
    if ALL not in owned.resources and resource not in owned.resources:
        _, slash, subresource = resource.partition("/")
        if not slash or f"*/{subresource}" not in owned.resources:
            return False
    names = part.get("resourceNames")
    return not owned.names or (names is not None and names[0] in owned.names)


def shown(part: Mapping[str, list[str]]) -> str:
    """A rule as Kubernetes prints it in a refusal: ``{APIGroups:[""], Resources:["pods"], Verbs:["get"]}``."""
    words = {
        "apiGroups": "APIGroups", "resources": "Resources", "resourceNames": "ResourceNames",
        "nonResourceURLs": "NonResourceURLs", "verbs": "Verbs",
    }  # fmt: skip
    fields = [f"{word}:[{_quoted(part[field])}]" for field, word in words.items() if part.get(field)]
    return "{" + ", ".join(fields) + "}"


def _quoted(texts: Iterable[str]) -> str:
    return " ".join(f'"{text}"' for text in texts)
