"""Which rules a user has, and through which binding: an index over roles and bindings, made anew when any of them changes.

One `Grants` per server, on its loop. The objects are few and change seldom, requests are many: what is asked for each of
them is two look-ups per group of the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.contracts.access import SERVICE_ACCOUNT, Reader, User
from sampan.plugins.auth.rbac.rules import Rule

GROUP: Final = "rbac.authorization.k8s.io"
ROLES: Final = f"roles.{GROUP}"
CLUSTER_ROLES: Final = f"clusterroles.{GROUP}"
BINDINGS: Final = f"rolebindings.{GROUP}"
CLUSTER_BINDINGS: Final = f"clusterrolebindings.{GROUP}"

Wire = Mapping[str, Any]
Who = tuple[str, str]
"""``User`` or ``Group``, and the name. Service accounts are users."""


@frozen
class Grant:
    """What one binding gives to one subject."""

    through: str
    """``ClusterRoleBinding "x" of ClusterRole "y" to User "z"``."""
    rules: tuple[Rule, ...]
    wires: tuple[Wire, ...]
    """The same rules as they are written."""
    missing: str = ""
    """The role, where there is none of that name."""


class Grants:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._seen: tuple[int, ...] = ()
        self._everywhere: dict[Who, list[Grant]] = {}
        self._within: dict[str, dict[Who, list[Grant]]] = {}
        self._bound: frozenset[str] = frozenset()
        """The namespaces with bindings: those that strangers make up must not fill memory."""

    def of(self, user: User, namespace: str = "") -> Iterator[Grant]:
        """What holds everywhere and, for a namespace, there."""
        self._refresh()
        who: list[Who] = [("User", user.name), *(("Group", group) for group in user.groups)]
        for each in who:
            yield from self._everywhere.get(each, ())
        if namespace in self._bound:
            within = self._within.get(namespace)
            if within is None:
                within = self._within[namespace] = self._index(BINDINGS, namespace)
            for each in who:
                yield from within.get(each, ())

    def role(self, kind: str, namespace: str, name: str) -> Wire | None:
        if kind == "ClusterRole":
            return self._reader.get(CLUSTER_ROLES, "", name)
        return self._reader.get(ROLES, namespace, name)

    def _refresh(self) -> None:
        seen = tuple(self._reader.changed(resource) for resource in (CLUSTER_ROLES, CLUSTER_BINDINGS, ROLES, BINDINGS))
        if seen == self._seen:
            return
        if seen[:2] != self._seen[:2]:
            self._everywhere = self._index(CLUSTER_BINDINGS, "")
        if seen[3:] != self._seen[3:]:
            self._bound = frozenset(each["metadata"]["namespace"] for each in self._reader.list(BINDINGS))
        self._within = {}
        self._seen = seen

    def _index(self, resource: str, namespace: str) -> dict[Who, list[Grant]]:
        found: dict[Who, list[Grant]] = {}
        for binding in self._reader.list(resource, namespace or None):
            role, meta = binding["roleRef"], binding["metadata"]
            present = self.role(role["kind"], namespace, role["name"])
            wires = tuple((present or {}).get("rules") or ())
            rules = tuple(map(Rule.of, wires))
            word = f"{'roles' if role['kind'] == 'Role' else 'clusterroles'}"[:-1]
            missing = "" if present is not None else f'{word}.{GROUP} "{role["name"]}" not found'
            kind = "RoleBinding" if namespace else "ClusterRoleBinding"
            name = f"{meta['name']}/{namespace}" if namespace else meta["name"]
            for subject in binding.get("subjects") or ():
                who, text = _subject(subject, namespace)
                through = f'{kind} "{name}" of {role["kind"]} "{role["name"]}" to {text}'
                found.setdefault(who, []).append(Grant(through, rules, wires, missing))
        return found


def _subject(subject: Wire, namespace: str) -> tuple[Who, str]:
    """Whom a subject means, and how Kubernetes writes it."""
    kind, name = subject["kind"], subject["name"]
    if kind != "ServiceAccount":
        return (kind, name), f'{kind} "{name}"'
    place = subject.get("namespace") or namespace
    return ("User", f"{SERVICE_ACCOUNT}{place}:{name}"), f'ServiceAccount "{name}/{place}"'
