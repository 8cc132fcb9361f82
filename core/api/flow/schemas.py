"""FlowSchemas ready to be asked which of them a request belongs to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.contracts.access import Attributes, User, split_service_account

ALL: Final = "*"

Wire = Mapping[str, Any]


@frozen
class Schema:
    """A FlowSchema. ``by`` is what makes requests of it one flow: ``ByUser``, ``ByNamespace`` or nothing."""

    name: str
    uid: str
    level: str
    precedence: int
    by: str
    rules: tuple[Wire, ...]

    @classmethod
    def of(cls, obj: Wire) -> Schema:
        spec, meta = obj["spec"], obj["metadata"]
        return cls(
            name=meta["name"],
            uid=meta.get("uid", ""),
            level=(spec.get("priorityLevelConfiguration") or {}).get("name", ""),
            precedence=spec.get("matchingPrecedence") or 1000,
            by=(spec.get("distinguisherMethod") or {}).get("type", ""),
            rules=tuple(spec.get("rules") or ()),
        )

    def covers(self, attributes: Attributes) -> bool:
        return any(_covers(rule, attributes) for rule in self.rules)

    def flow(self, attributes: Attributes) -> str:
        """What tells one flow from another."""
        if self.by == "ByUser":
            return attributes.user.name
        return attributes.namespace if self.by == "ByNamespace" else ""


def in_order(schemas: Iterable[Schema]) -> Sequence[Schema]:
    """The first one that covers a request counts."""
    return sorted(schemas, key=lambda schema: (schema.precedence, schema.name))


def _covers(rule: Wire, attributes: Attributes) -> bool:
    if not any(_is(subject, attributes.user) for subject in rule.get("subjects") or ()):
        return False
    if attributes.is_resource:
        return any(_covers_resource(each, attributes) for each in rule.get("resourceRules") or ())
    return any(_covers_path(each, attributes) for each in rule.get("nonResourceRules") or ())


def _is(subject: Wire, user: User) -> bool:
    match subject.get("kind"):
        case "User":
            return (subject.get("user") or {}).get("name") in (ALL, user.name)
        case "Group":
            name = (subject.get("group") or {}).get("name")
            return name == ALL or name in user.groups
        case "ServiceAccount":
            account = split_service_account(user.name)
            wanted = subject.get("serviceAccount") or {}
            return (
                account is not None
                and wanted.get("namespace") == account[0]
                and wanted.get("name") in (ALL, account[1])
            )
    return False


def _has(values: Sequence[str] | None, value: str) -> bool:
    return values is not None and (value in values or ALL in values)


def _covers_resource(rule: Wire, attributes: Attributes) -> bool:
    sub = attributes.subresource
    resource = f"{attributes.resource}/{sub}" if sub else attributes.resource
    if not (
        _has(rule.get("verbs"), attributes.verb)
        and _has(rule.get("apiGroups"), attributes.group)
        and _has(rule.get("resources"), resource)
    ):
        return False
    return (
        _has(rule.get("namespaces"), attributes.namespace) if attributes.namespace else bool(rule.get("clusterScope"))
    )


def _covers_path(rule: Wire, attributes: Attributes) -> bool:
    if not _has(rule.get("verbs"), attributes.verb):
        return False
    path = attributes.path
    urls = rule.get("nonResourceURLs") or ()
    return _has(urls, path) or any(url.endswith("/*") and path.startswith(url[:-1]) for url in urls)
