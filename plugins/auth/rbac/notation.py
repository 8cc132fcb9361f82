"""A short way to write roles down: rules as words, and the objects that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

GROUP: Final = "rbac.authorization.k8s.io"
READ: Final = "get list watch"
WRITE: Final = "create delete deletecollection patch update"
LABEL: Final = "kubernetes.io/bootstrapping"
AUTOUPDATE: Final = "rbac.authorization.kubernetes.io/autoupdate"
AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"

Rule = dict[str, list[str]]
Object = dict[str, Any]


def on(verbs: str, group: str, resources: str, names: str = "") -> Rule:
    """A rule about resources. ``group`` may be several, divided by spaces; the core group is ``-`` among others."""
    groups = ["" if each == "-" else each for each in group.split()] or [""]
    rule = {"verbs": sorted(verbs.split()), "apiGroups": sorted(groups), "resources": sorted(resources.split())}
    return rule | {"resourceNames": names.split()} if names else rule


def at(verbs: str, paths: str) -> Rule:
    """A rule about paths of the server."""
    return {"verbs": sorted(verbs.split()), "nonResourceURLs": sorted(paths.split())}


EVENTS: Final = on("create patch update", "- events.k8s.io", "events")


def metadata(name: str, namespace: str = "", aggregate_to: str = "") -> Object:
    labels = {LABEL: "rbac-defaults"}
    if aggregate_to:
        labels[f"{AGGREGATE}{aggregate_to}"] = "true"
    meta: Object = {"name": name, "labels": labels, "annotations": {AUTOUPDATE: "true"}}
    return meta | {"namespace": namespace} if namespace else meta


def cluster_role(name: str, *rules: Rule, aggregate_to: str = "", gathers: str = "") -> Object:
    role: Object = {"metadata": metadata(name, aggregate_to=aggregate_to)}
    if gathers:
        selector = {"matchLabels": {f"{AGGREGATE}{gathers}": "true"}}
        return role | {"aggregationRule": {"clusterRoleSelectors": [selector]}}
    return role | {"rules": list(rules)}


def role(namespace: str, name: str, *rules: Rule) -> Object:
    return {"metadata": metadata(name, namespace), "rules": list(rules)}


def binding(
    name: str, role_name: str, subjects: Sequence[Object], namespace: str = "", kind: str = "ClusterRole"
) -> Object:
    reference = {"apiGroup": GROUP, "kind": kind, "name": role_name}
    return {"metadata": metadata(name, namespace), "roleRef": reference, "subjects": list(subjects)}


def user(name: str) -> Object:
    return {"apiGroup": GROUP, "kind": "User", "name": name}


def group(name: str) -> Object:
    return {"apiGroup": GROUP, "kind": "Group", "name": name}


def account(name: str, namespace: str = "kube-system") -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
