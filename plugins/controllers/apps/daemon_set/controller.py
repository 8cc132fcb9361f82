"""The DaemonSet controller's decision: from nodes and pods to pods to make and to delete. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sampan.core.contracts.controller import Key, Lister, Watch, own_key
from sampan.core.contracts.plan import NOTHING, Action, Create, Delete, Emit, Plan, Update
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.apps_v1.daemon_set import DaemonSet, DaemonSetStatus
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.reconcile.labels import matches
from sampan.core.reconcile.pods import is_active, is_ready, seconds_to_available
from sampan.plugins.controllers.apps.daemon_set.nodes import Place, bound_to, node_of, place_on, tolerating
from sampan.plugins.controllers.apps.daemon_set.update import is_new, outdated
from sampan.plugins.controllers.apps.history import HASH, forgotten, present
from sampan.plugins.controllers.ownership import ORPHAN_INDEX, claim, keys_of_claimants, keys_of_controller
from sampan.plugins.controllers.replicas import BURST, pod_of

GENERATION: Final = "deprecated.daemonset.template.generation"
GENERATION_LABEL: Final = "pod-template-generation"


class DaemonSetController:
    name = "daemon-set-controller"

    def __init__(self) -> None:
        self.watches: Sequence[Watch] = (
            Watch(kind=DaemonSet, keys=own_key),
            Watch(kind=Pod, keys=keys_of_claimants(DaemonSet, _selects), indexes=ORPHAN_INDEX),
            Watch(kind=Node, changed=_keys_of_node),
            Watch(kind=ControllerRevision, keys=keys_of_controller(DaemonSet), indexes=ORPHAN_INDEX),
        )

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        owner = state.get(DaemonSet, key.namespace, key.name)
        if owner is None:
            return NOTHING
        pods = claim(owner, Pod, partial(_selects, owner), state)
        revisions = state.owned_by(ControllerRevision, owner.metadata.uid or "")
        plan = decide(owner, state.list(Node), pods.objects, revisions, now)
        return evolve(plan, actions=(*pods.actions, *plan.actions))


def decide(
    owner: DaemonSet, nodes: Sequence[Node], pods: Sequence[Pod], revisions: Sequence[ControllerRevision], now: datetime
) -> Plan:
    history = present(owner, owner.spec.template, revisions, owner.status.collision_count)
    template = _template(owner, history.hash)
    by_node: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        by_node[node_of(pod)].append(pod)
    places = {node.metadata.name or "": place_on(template, node) for node in nodes}
    actions: list[Action] = []
    if owner.metadata.deletion_timestamp is None:
        actions += history.actions
        actions += _changes(owner, places, by_node, template, history.hash, now)
        actions += forgotten(revisions, (history.revision,), pods, owner.spec.revision_history_limit)
    status = _status(owner, places, by_node, history.hash, now)
    if status != owner.status:
        actions.append(Update(obj=evolve(owner, status=status), subresource="status"))
    waits = [seconds_to_available(pod, owner.spec.min_ready_seconds, now) for pod in pods]
    return Plan(
        actions=tuple(actions),
        requeue_after=min((wait for wait in waits if wait), default=None),
        on_error=Emit(regarding=owner, reason="FailedCreate", message="Error creating: {error}", type="Warning"),
    )


def _changes(
    owner: DaemonSet,
    places: Mapping[str, Place],
    by_node: Mapping[str, Sequence[Pod]],
    template: Pod,
    hashed: str,
    now: datetime,
) -> list[Action]:
    """Pods that end, pods for nodes without one, and what the update replaces."""
    gone: list[Pod] = []
    said: list[Action] = []
    missing: list[str] = []
    staying: dict[str, list[Pod]] = {}
    for node, place in places.items():
        there = by_node.get(node, ())
        if not place.may_stay:
            gone += [pod for pod in there if pod.metadata.deletion_timestamp is None]
        elif not there:
            missing += [node] if place.should_run else []
        else:
            ended, events = _ended(owner, node, there)
            gone += ended
            said += events
            alive = sorted((pod for pod in there if is_active(pod)), key=_age)
            for same in (True, False):  # one of the new template and one of an old one may be side by side
                gone += [pod for pod in alive if is_new(pod, hashed) is same][1:]
            staying[node] = [pod for pod in alive if pod not in gone]
    for node, there in by_node.items():
        if node and node not in places:
            gone += [pod for pod in there if pod.metadata.deletion_timestamp is None]
    desired = sum(1 for place in places.values() if place.should_run)
    replaced, beside = outdated(owner, {**staying, **{node: [] for node in missing}}, hashed, desired, now)
    return [
        *said,
        *_deletions(owner, [*gone, *(pod for pod in replaced if pod not in gone)]),
        *_creations(owner, template, [*missing, *beside]),
    ]


def _ended(owner: DaemonSet, node: str, pods: Iterable[Pod]) -> tuple[list[Pod], list[Action]]:
    """Pods that have ended: they go, so that others come."""
    ended: list[Pod] = []
    said: list[Action] = []
    for pod in pods:
        if pod.metadata.deletion_timestamp is None and pod.status.phase in FINISHED:
            ended.append(pod)
            word = pod.status.phase.lower()
            message = f"Found {word} daemon pod {pod.metadata.namespace}/{pod.metadata.name} on node {node}"
            failed = pod.status.phase == "Failed"
            said.append(
                Emit(
                    regarding=owner,
                    reason=f"{pod.status.phase}DaemonPod",
                    message=f"{message}, will try to {'kill' if failed else 'delete'} it",
                    type="Warning" if failed else "Normal",
                )
            )
    return ended, said


def _template(owner: DaemonSet, hashed: str) -> Pod:
    """A pod for any node."""
    pod = pod_of(owner, owner.spec.template)
    generation = owner.metadata.annotations.get(GENERATION)
    labels = {**pod.metadata.labels, HASH: hashed} | ({GENERATION_LABEL: generation} if generation else {})
    return evolve(pod, metadata=evolve(pod.metadata, labels=labels), spec=tolerating(pod.spec))


def _creations(owner: DaemonSet, template: Pod, nodes: Sequence[str]) -> list[Action]:
    said = Emit(regarding=owner, reason="SuccessfulCreate", message="Created pod: {name}")
    return [Create(obj=evolve(template, spec=bound_to(template.spec, node)), then=said) for node in nodes[:BURST]]


def _deletions(owner: DaemonSet, pods: Sequence[Pod]) -> list[Action]:
    said = Emit(regarding=owner, reason="SuccessfulDelete", message="Deleted pod: {name}")
    return [
        Delete(kind=Pod, namespace=pod.key[0], name=pod.key[1], uid=pod.metadata.uid, then=said) for pod in pods[:BURST]
    ]


def _status(
    owner: DaemonSet, places: Mapping[str, Place], by_node: Mapping[str, Sequence[Pod]], hashed: str, now: datetime
) -> DaemonSetStatus:
    desired = current = misplaced = ready = available = updated = 0
    for node, place in places.items():
        pods = sorted(by_node.get(node, ()), key=_age)
        if not place.should_run:
            misplaced += bool(pods)
            continue
        desired += 1
        if not pods:
            continue
        current += 1
        # Of two side by side the new one counts, once it serves.
        shown = next((pod for pod in pods if is_new(pod, hashed) and is_ready(pod)), pods[0])
        ready += is_ready(shown)
        available += seconds_to_available(shown, owner.spec.min_ready_seconds, now) == 0
        updated += any(is_new(pod, hashed) for pod in pods)
    return evolve(
        owner.status,
        desired_number_scheduled=desired,
        current_number_scheduled=current,
        number_misscheduled=misplaced,
        number_ready=ready,
        number_available=available,
        number_unavailable=desired - available,
        updated_number_scheduled=updated,
        observed_generation=owner.metadata.generation or 0,
    )


def _age(pod: Pod) -> tuple[str, str]:
    born = pod.metadata.creation_timestamp
    return (born.isoformat() if born else "", pod.metadata.name or "")


def _keys_of_node(old: KubeObject | None, new: KubeObject | None, state: Lister) -> Iterable[Key]:
    """All, where something has changed that decides on places: not with each heartbeat."""
    if isinstance(old, Node) and isinstance(new, Node):
        same_labels = old.metadata.labels == new.metadata.labels
        if same_labels and old.spec.taints == new.spec.taints and old.spec.unschedulable == new.spec.unschedulable:
            return
    for owner in state.list(DaemonSet):
        yield Key(*owner.key)


def _selects(owner: DaemonSet, labels: Mapping[str, str]) -> bool:
    return matches(owner.spec.selector, labels)
