"""The APIServices of the groups that this server serves itself: their names and ranks, made at its start. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.model.apiregistration_v1.api_service import APIService
from sampan.core.model.kinds import KubeObject, info

Wire = dict[str, Any]

MANAGED: Final = "kube-aggregator.kubernetes.io/automanaged"
ON_START, ALWAYS = "onstart", "true"
LOCAL: Final = ("Local", "Local APIServices are always available")
"""Reason and message of what is always available."""

GROUPS: Final[Mapping[str, int]] = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500, "node.k8s.io": 16300,
    "discovery.k8s.io": 16200, "resource.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100, "metrics.k8s.io": 100,
}  # fmt: skip
"""How groups rank among each other: as in Kubernetes."""
VERSIONS: Final[Mapping[tuple[str, str], int]] = {
    ("", "v1"): 1, ("autoscaling", "v2"): 30, ("resource.k8s.io", "v1"): 21, ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("metrics.k8s.io", "v1beta1"): 100,
}  # fmt: skip
VERSION: Final = 15
"""The rank of a version that is not named above, within its group."""
CUSTOM_GROUP, CUSTOM_VERSION = 1000, 100
"""The ranks of what comes with custom resources and plugins."""
UNRANKED: Final = "apiregistration.k8s.io"
"""Comes before all, and has no APIService."""


def api_service_name(group: str, version: str) -> str:
    return f"{version}.{group}"


def local_spec(group: str, version: str) -> Wire:
    in_group = VERSIONS.get((group, version), VERSION) if group in GROUPS else CUSTOM_VERSION
    spec: Wire = {"group": group} if group else {}
    ranks = {"groupPriorityMinimum": GROUPS.get(group, CUSTOM_GROUP), "versionPriority": in_group}
    return spec | {"version": version, **ranks}


def versions_of(kinds: Iterable[type[KubeObject]]) -> list[tuple[str, str]]:
    """Group and version of all that is to have an APIService, in the order of the kinds."""
    found = dict.fromkeys((info(kind).group, info(kind).version) for kind in kinds)
    return [each for each in found if each[0] != UNRANKED]


class LocalGroundwork:
    def __init__(self, kinds: Iterable[type[KubeObject]], clock: Callable[[], datetime]) -> None:
        self._versions = versions_of(kinds)
        self._clock = clock

    def objects(self) -> Iterator[tuple[type[KubeObject], Wire]]:
        now = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        reason, message = LOCAL
        condition = {
            "type": "Available", "status": "True", "lastTransitionTime": now, "reason": reason, "message": message,
        }  # fmt: skip
        for group, version in self._versions:
            metadata = {"name": api_service_name(group, version), "labels": {MANAGED: ON_START}}
            status = {"conditions": [condition]}
            yield APIService, {"metadata": metadata, "spec": local_spec(group, version), "status": status}

    def lacking(self, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """One that people have made their own stays theirs."""
        if MANAGED not in (present["metadata"].get("labels") or {}) or present["spec"] == wanted["spec"]:
            return {}
        gone = dict.fromkeys(present["spec"].keys() - wanted["spec"].keys())
        return {"spec": {**wanted["spec"], **gone}}
