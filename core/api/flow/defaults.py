"""The FlowSchemas and priority levels that every cluster has: Kubernetes' mandatory and suggested ones.

https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#default-behavior
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sampan.core.contracts.access import (
    AUTHENTICATED,
    SERVICE_ACCOUNTS,
    SYSTEM_MASTERS,
    UNAUTHENTICATED,
)
from sampan.core.model.flowcontrol_v1.flow_schema import FlowSchema
from sampan.core.model.flowcontrol_v1.priority_level_configuration import PriorityLevelConfiguration
from sampan.core.model.kinds import KubeObject

AUTOUPDATE: Final = "apf.kubernetes.io/autoupdate-spec"
EXEMPT: Final = "exempt"
CATCH_ALL: Final = "catch-all"
MANDATORY: Final = frozenset({EXEMPT, CATCH_ALL})

Wire = Mapping[str, Any]
Object = dict[str, Any]


def _level(name: str, shares: int, lendable: int, queues: tuple[int, int] | None) -> Object:
    """``queues``: how many, and how many of them a flow may use; none: what has no seat is sent away."""
    response: Object = {"type": "Reject"}
    if queues is not None:
        response = {"type": "Queue", "queuing": {"queues": queues[0], "handSize": queues[1], "queueLengthLimit": 50}}
    limited = {"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lendable}
    return _named(name, {"type": "Limited", "limited": limited})


def _named(name: str, spec: Object) -> Object:
    return {"metadata": {"name": name, "annotations": {AUTOUPDATE: "true"}}, "spec": spec, "status": {}}


LEVELS: Final[Sequence[Object]] = (
    _named(EXEMPT, {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}),
    _level(CATCH_ALL, 5, 0, None),
    _level("system", 30, 33, (64, 6)),
    _level("node-high", 40, 25, (64, 6)),
    _level("leader-election", 10, 0, (16, 4)),
    _level("workload-high", 40, 50, (128, 6)),
    _level("workload-low", 100, 90, (128, 6)),
    _level("global-default", 20, 50, (128, 6)),
)

ANY: Final = ["*"]
CONTROLLER_MANAGER: Final = "system:kube-controller-manager"
SCHEDULER: Final = "system:kube-scheduler"


def _groups(*names: str) -> list[Object]:
    return [{"kind": "Group", "group": {"name": name}} for name in names]


def _users(*names: str) -> list[Object]:
    return [{"kind": "User", "user": {"name": name}} for name in names]


def _resources(verbs: list[str], group: str, resources: list[str], *, cluster: bool) -> Object:
    rule = {"verbs": verbs, "apiGroups": [group], "resources": resources, "namespaces": ANY}
    return rule | ({"clusterScope": True} if cluster else {})


def _schema(
    name: str,
    level: str,
    precedence: int,
    by: str,
    subjects: list[Object],
    rules: Iterable[Object] = (),
    paths: Any = None,
) -> Object:
    """Without rules it is about everything."""
    everything = not rules and paths is None
    rule: Object = {"subjects": subjects}
    if rules or everything:
        rule["resourceRules"] = list(rules) or [_resources(ANY, "*", ANY, cluster=True)]
    if paths or everything:
        rule["nonResourceRules"] = [paths or {"verbs": ANY, "nonResourceURLs": ANY}]
    spec: Object = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if by:
        spec["distinguisherMethod"] = {"type": by}
    return _named(name, spec | {"rules": [rule]})


USER, NAMESPACE = "ByUser", "ByNamespace"
_LEASES: Final = "coordination.k8s.io"
_SYSTEM_ACCOUNTS: Final = [{"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}]
_EVERYBODY: Final = _groups(UNAUTHENTICATED, AUTHENTICATED)
_NODES: Final = _groups("system:nodes")

SCHEMAS: Final[Sequence[Object]] = (
    _schema(EXEMPT, EXEMPT, 1, "", _groups(SYSTEM_MASTERS)),
    _schema(CATCH_ALL, CATCH_ALL, 10000, USER, _EVERYBODY),
    _schema(
        "probes", EXEMPT, 2, "", _EVERYBODY,
        paths={"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]},
    ),
    _schema(
        "system-leader-election", "leader-election", 100, USER,
        [*_users(CONTROLLER_MANAGER, SCHEDULER), *_SYSTEM_ACCOUNTS],
        [_resources(["get", "create", "update"], _LEASES, ["leases"], cluster=False)],
    ),
    _schema(
        "system-node-high", "node-high", 400, USER, _NODES,
        [
            _resources(ANY, "", ["nodes", "nodes/status"], cluster=True),
            _resources(ANY, _LEASES, ["leases"], cluster=False),
        ],
    ),
    _schema("system-nodes", "system", 500, USER, _NODES),
    _schema("kube-controller-manager", "workload-high", 800, NAMESPACE, _users(CONTROLLER_MANAGER)),
    _schema("kube-scheduler", "workload-high", 800, NAMESPACE, _users(SCHEDULER)),
    _schema("kube-system-service-accounts", "workload-high", 900, NAMESPACE, _SYSTEM_ACCOUNTS),
    _schema("service-accounts", "workload-low", 9000, USER, _groups(SERVICE_ACCOUNTS)),
    _schema("global-default", "global-default", 9900, USER, _EVERYBODY),
)  # fmt: skip


class FlowDefaults:
    """They are made at each start where they are missing (`sampan.core.contracts.groundwork.Groundwork`)."""

    def objects(self) -> Iterator[tuple[type[KubeObject], Wire]]:
        yield from ((PriorityLevelConfiguration, each) for each in LEVELS)
        yield from ((FlowSchema, each) for each in SCHEMAS)

    def lacking(self, present: Wire, wanted: Wire) -> Mapping[str, Any]:
        """The spec as it should be, where it is kept so: always for the mandatory, else where the annotation says so."""
        meta = present["metadata"]
        kept = meta["name"] in MANDATORY or (meta.get("annotations") or {}).get(AUTOUPDATE) == "true"
        if not kept or present.get("spec") == wanted["spec"]:
            return {}
        return {"spec": _instead(present.get("spec") or {}, wanted["spec"])}


def _instead(present: Wire, wanted: Wire) -> Object:
    """A merge patch that puts ``wanted`` in the place of ``present``."""
    patch: Object = {field: None for field in present if field not in wanted}
    for field, value in wanted.items():
        old = present.get(field)
        patch[field] = _instead(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return patch
