"""Nodes whose agent has fallen silent: conditions turn Unknown, taints keep pods away, pods count as not ready. Pure.

https://kubernetes.io/docs/concepts/architecture/nodes/#node-status and
https://kubernetes.io/docs/reference/node/node-status/#heartbeats
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Emit, Patch, Plan, Update
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.core_v1.node import Node, NodeCondition, Taint
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.reconcile.pods import is_ready
from sampan.core.schema.scalars import format_time
from sampan.plugins.controllers.core.nodes.by_node import INDEX, key_of_node, pods_on

Signs = tuple[datetime | None, ...]

LEASES = "kube-node-lease"
GRACE = timedelta(seconds=50)
"""Without a heartbeat for so long a node is unreachable (kube-controller-manager's ``--node-monitor-grace-period``)."""

LOOK_EVERY = timedelta(seconds=10)
ASLEEP = timedelta(seconds=30)
"""Between two looks at any node; without it something kept this controller from looking."""

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
OBSERVED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
PRESSURE: Mapping[str, str] = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
OURS = frozenset({NOT_READY, UNREACHABLE, UNSCHEDULABLE, *PRESSURE.values()})


def keys_of_lease(obj: KubeObject, _state: Lister) -> Iterable[Key]:
    if obj.metadata.namespace == LEASES:
        yield Key("", obj.metadata.name or "")


class NodeLifecycleController:
    name = "node-lifecycle-controller"
    watches: Sequence[Watch] = (
        Watch(kind=Node, keys=own_key),
        Watch(kind=Lease, keys=keys_of_lease),
        Watch(kind=Pod, keys=key_of_node, indexes=INDEX),
    )

    def __init__(self) -> None:
        self._heard: dict[str, tuple[Signs, datetime]] = {}
        """By node: its latest signs of life, and when those were seen here first."""
        self._looked: datetime | None = None

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        node = state.get(Node, "", key.name)
        if node is None or node.metadata.deletion_timestamp is not None:
            self._heard.pop(key.name, None)
            return NOTHING
        left = self._seen_alive(key.name, _signs(node, state.get(Lease, LEASES, key.name)), now) + GRACE - now
        if left <= timedelta(0):
            silent = _silent(node, now)
            if silent != node:
                said = Emit(
                    regarding=node,
                    reason="NodeNotReady",
                    message=f"Node {key.name} status is now: NodeNotReady",
                )
                return Plan(actions=(Update(obj=silent, subresource="status"), said))
        actions: list[Action] = [*_not_ready_pods(node, state, now)]
        tainted = _tainted(node, now)
        if tainted != node:
            actions.append(Update(obj=tainted))
        wait = min(left, LOOK_EVERY).total_seconds() if left > timedelta(0) else None
        return Plan(actions=tuple(actions), requeue_after=wait)

    def _seen_alive(self, name: str, signs: Signs, now: datetime) -> datetime:
        """When the node's latest signs were seen first. Who was asleep himself (stopped, suspended) starts counting anew:
        he cannot tell whether the others were silent."""
        if self._looked is not None and now - self._looked > ASLEEP:
            self._heard.clear()
        self._looked = now
        if name not in self._heard or self._heard[name][0] != signs:
            self._heard[name] = (signs, now)
        return self._heard[name][1]


def _signs(node: Node, lease: Lease | None) -> Signs:
    """The signs of life: the lease, the heartbeats in the status, and the node's birth.

    A change of any of them is a new one. The latest would not do: where a clock is set back, later ones have earlier dates.
    """
    heartbeats = (condition.last_heartbeat_time for condition in node.status.conditions)
    return (node.metadata.creation_timestamp, lease.spec.renew_time if lease is not None else None, *heartbeats)


def _silent(node: Node, now: datetime) -> Node:
    """The node with every condition that its agent should report at Unknown."""
    now = now.replace(microsecond=0)
    present = {item.type: item for item in node.status.conditions}
    conditions = [item for item in node.status.conditions if item.type not in OBSERVED]
    for type in OBSERVED:
        before = present.get(type)
        if before is None:
            before = NodeCondition(
                type=type,
                status="Unknown",
                last_heartbeat_time=node.metadata.creation_timestamp,
                last_transition_time=now,
                reason="NodeStatusNeverUpdated",
                message="Kubelet never posted node status.",
            )
        elif before.status != "Unknown":
            before = evolve(
                before,
                status="Unknown",
                last_transition_time=now,
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
            )
        conditions.append(before)
    if set(conditions) == set(node.status.conditions):
        return node
    return evolve(node, status=evolve(node.status, conditions=tuple(conditions)))


def _tainted(node: Node, now: datetime) -> Node:
    """The node with the taints that its conditions call for; those of others stay."""
    wanted = list(_taints(node, now))
    kept = tuple(
        taint
        for taint in node.spec.taints
        if taint.key not in OURS or any((taint.key, taint.effect) == (item.key, item.effect) for item in wanted)
    )
    there = {(taint.key, taint.effect) for taint in kept}
    added = tuple(taint for taint in wanted if (taint.key, taint.effect) not in there)
    if not added and kept == node.spec.taints:
        return node
    return evolve(node, spec=evolve(node.spec, taints=kept + added))


def _taints(node: Node, now: datetime) -> Iterable[Taint]:
    now = now.replace(microsecond=0)
    status = {item.type: item.status for item in node.status.conditions}
    if node.spec.unschedulable:
        yield Taint(key=UNSCHEDULABLE, effect="NoSchedule", time_added=now)
    key = {"True": None, "False": NOT_READY}.get(status.get("Ready", "Unknown"), UNREACHABLE)
    if key is not None:
        yield Taint(key=key, effect="NoSchedule", time_added=now)
        yield Taint(key=key, effect="NoExecute", time_added=now)
    for type, pressure in PRESSURE.items():
        if status.get(type) == "True":
            yield Taint(key=pressure, effect="NoSchedule", time_added=now)


def _not_ready_pods(node: Node, state: Lister, now: datetime) -> Iterable[Patch]:
    """Pods on a node that is not ready are taken out of their Services."""
    ready = next((item.status for item in node.status.conditions if item.type == "Ready"), "Unknown")
    if ready == "True":
        return
    condition = {"type": "Ready", "status": "False", "lastTransitionTime": format_time(now)}
    for pod in pods_on(node.metadata.name or "", state):
        if is_ready(pod) and ready == "Unknown":
            namespace, name = pod.key
            patch = {"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [condition]}}
            yield Patch(kind=Pod, namespace=namespace, name=name, patch=patch, type="strategic", subresource="status")
