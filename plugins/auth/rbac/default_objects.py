"""The default roles and bindings, made sure of at each start as Kubernetes does: what is missing of them is added.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation. An object whose annotation
``rbac.authorization.kubernetes.io/autoupdate`` says ``false`` is left as it is. What people have added stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sampan.core.classes import frozen
from sampan.core.model.builtin import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from sampan.core.model.kinds import KubeObject
from sampan.plugins.auth.rbac.controller_roles import ROLES, controller_roles
from sampan.plugins.auth.rbac.default_bindings import (
    cluster_bindings,
    namespaced_bindings,
    namespaced_roles,
    own_roles,
)
from sampan.plugins.auth.rbac.default_roles import cluster_roles
from sampan.plugins.auth.rbac.notation import AUTOUPDATE, Object
from sampan.plugins.auth.rbac.rules import Rule, uncovered


@frozen
class DefaultObjects:
    """``accounts`` names the service accounts of all controllers that run here."""

    accounts: Callable[[], Iterable[str]]

    def objects(self) -> Iterator[tuple[type[KubeObject], Object]]:
        others = set(self.accounts()) - set(ROLES)
        yield from ((ClusterRole, each) for each in (*cluster_roles(), *own_roles(), *controller_roles()))
        yield from ((Role, each) for each in namespaced_roles())
        yield from ((ClusterRoleBinding, each) for each in cluster_bindings(others))
        yield from ((RoleBinding, each) for each in namespaced_bindings())

    def lacking(self, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        if (present["metadata"].get("annotations") or {}).get(AUTOUPDATE) == "false":
            return {}
        return added(present, wanted)


def added(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch with what ``present`` lacks; empty where it lacks nothing."""
    patch: dict[str, Any] = {}
    if wanted.get("rules") != present.get("rules"):
        have = list(present.get("rules") or ())
        if missing := uncovered(map(Rule.of, have), wanted.get("rules") or ()):
            patch["rules"] = [*have, *missing]
    if "subjects" in wanted:
        have = list(present.get("subjects") or ())
        if lacking := [each for each in wanted["subjects"] if each not in have]:
            patch["subjects"] = [*have, *lacking]
    return patch
