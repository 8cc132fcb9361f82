"""Scheduling as a controller: pods without a node, one at a time, the most important first.

One at a time, and each only once the bind before it has been seen: so what a decision looks at is never out of date, and
a node is never over-committed. Pods that found no place are looked at again when a node changes or a pod leaves; those
that want to be near other pods, or away from them, whenever one of these changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Bind, Emit, InThread, Patch, Plan
from sampan.core.contracts.scheduler import ClusterState, NodeState, Placed, Scheduler, Unschedulable, Wait
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.scalars import format_time

ON_NODE = "spec.nodeName"
WAITING = ""
"""The index value of pods without a node."""
FINISHED = ("Succeeded", "Failed")


class SchedulingController:
    """`Controller` and `Ordered`, for all the schedulers that are there."""

    name = "default-scheduler"

    def __init__(self, schedulers: Mapping[str, Scheduler], *, in_thread: bool = False) -> None:
        """``in_thread``: decisions may block, as outside plugins have a say in them."""
        self._schedulers = schedulers
        self._in_thread = in_thread
        self._known: dict[str, NodeState] = {}
        """As the last decision saw them, by name."""
        self.watches = (
            Watch(kind=Pod, keys=self._pods_concerned, indexes={ON_NODE: node_of}),
            Watch(kind=Node, keys=waiting_pods),
            Watch(kind=Service, keys=lambda _service, _state: ()),
            Watch(kind=Namespace, keys=pods_that_look_at_pods),
        )

    def rank(self, key: Key, state: Lister) -> Any:
        """Higher priority first, then the older pod."""
        pod = state.get(Pod, key.namespace, key.name)
        if pod is None:
            return (0, "", key)
        created = pod.metadata.creation_timestamp
        return (-(pod.spec.priority or 0), created.isoformat() if created else "", key)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan | InThread:
        pod = state.get(Pod, key.namespace, key.name)
        if pod is None or not self._is_to_be_placed(pod):
            return NOTHING
        decide = partial(self._decide, pod, self._cluster_state(state), now)
        return InThread(decide) if self._in_thread else decide()

    def _decide(self, pod: Pod, state: ClusterState, now: datetime) -> Plan:
        verdict = self._schedulers[scheduler_of(pod)].place(pod, state)
        match verdict:
            case Placed(node=node):
                return placed(pod, node)
            case Wait(seconds=seconds):
                return Plan(requeue_after=seconds)
            case Unschedulable(message=message):
                return unplaced(pod, message, now)

    def _cluster_state(self, state: Lister) -> ClusterState:
        """What a decision looks at: ready and unready nodes alike (taints tell), in the order of their names."""
        nodes = sorted(state.list(Node), key=lambda node: node.metadata.name or "")
        states = [node_state(node, state, self._known.get(node.metadata.name or "")) for node in nodes]
        self._known = {each.name: each for each in states}
        return ClusterState(nodes=tuple(states), extra={kind: state.list(kind) for kind in (Service, Namespace)})

    def _is_to_be_placed(self, pod: Pod) -> bool:
        return (
            not pod.spec.node_name
            and not pod.metadata.deletion_timestamp
            and not pod.spec.scheduling_gates
            and pod.status.phase not in FINISHED
            and scheduler_of(pod) in self._schedulers
        )

    def _pods_concerned(self, obj: KubeObject, state: Lister) -> Iterable[Key]:
        """The pod itself where it waits; the waiting ones where it has left and so made room, or where it matters that
        it is there."""
        if not isinstance(obj, Pod):
            return ()
        if not obj.spec.node_name:
            return own_key(obj, state)
        now = state.get(Pod, *obj.key)
        has_left = now is None or now.metadata.uid != obj.metadata.uid or now.status.phase in FINISHED
        return waiting_pods(obj, state) if has_left else pods_that_look_at_pods(obj, state)


def scheduler_of(pod: Pod) -> str:
    return pod.spec.scheduler_name or "default-scheduler"


def node_of(obj: KubeObject) -> Iterable[str]:
    """The index over pods: the node's name, or `WAITING`."""
    if isinstance(obj, Pod):
        yield obj.spec.node_name or WAITING


def waiting_pods(_obj: KubeObject, state: Lister) -> Iterable[Key]:
    for pod in state.indexed(Pod, ON_NODE, WAITING):
        yield Key(*pod.key)


def pods_that_look_at_pods(_obj: KubeObject, state: Lister) -> Iterable[Key]:
    """The waiting ones whose place depends on where other pods are."""
    for pod in state.indexed(Pod, ON_NODE, WAITING):
        affinity = pod.spec.affinity
        if pod.spec.topology_spread_constraints or (affinity and (affinity.pod_affinity or affinity.pod_anti_affinity)):
            yield Key(*pod.key)


def node_state(node: Node, state: Lister, known: NodeState | None) -> NodeState:
    """The node with the pods that count on it: the known state where neither has changed, with what was noted in it."""
    pods = state.indexed(Pod, ON_NODE, node.metadata.name or "")
    counted = tuple(pod for pod in pods if pod.status.phase not in FINISHED)
    if known is None or known.node is not node or len(known.pods) != len(counted):
        return NodeState(node=node, pods=counted)
    is_same = all(before is now for before, now in zip(known.pods, counted, strict=True))
    return known if is_same else NodeState(node=node, pods=counted)


def placed(pod: Pod, node: str) -> Plan:
    namespace, name = pod.key
    return Plan(
        actions=(
            Bind(namespace=namespace, name=name, uid=pod.metadata.uid or "", node=node),
            Emit(
                regarding=pod,
                reason="Scheduled",
                message=f"Successfully assigned {namespace}/{name} to {node}",
                action="Binding",
            ),
        ),
        on_error=Emit(
            regarding=pod,
            type="Warning",
            reason="FailedScheduling",
            message="binding rejected: {error}",
            action="Scheduling",
        ),
    )


def unplaced(pod: Pod, message: str, now: datetime) -> Plan:
    """Say so in the condition and in an event; nothing where that has been said."""
    condition = next((each for each in pod.status.conditions if each.type == "PodScheduled"), None)
    if condition and (condition.status, condition.message) == ("False", message):
        return NOTHING
    since = condition.last_transition_time if condition and condition.status == "False" else None
    namespace, name = pod.key
    patch = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": format_time(since or now),
        "observedGeneration": pod.metadata.generation,
    }
    return Plan(
        actions=(
            Emit(regarding=pod, type="Warning", reason="FailedScheduling", message=message, action="Scheduling"),
            Patch(
                kind=Pod,
                namespace=namespace,
                name=name,
                patch={"status": {"conditions": [patch]}},
                type="strategic",
                subresource="status",
            ),
        )
    )
