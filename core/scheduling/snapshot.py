"""What decisions look at: the nodes with their pods, kept up to date change by change.

Owned by the scheduling controller, on the event loop. A pod that was just given a node counts at once (`assume`), before
the API server has said so: the next decision need not wait for the bind. Names of changed nodes are kept in the order of
their last change, so that asking for what has changed since costs as much as has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from sampan.core.contracts.scheduler import NodeState
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.reconcile.pods import is_finished
from sampan.core.scheduling.changes import resized_requests

T = TypeVar("T", bound=KubeObject)


class Snapshot:
    """`sampan.core.contracts.scheduler.ClusterState`, and how it is kept."""

    def __init__(self) -> None:
        self.generation = 0
        self.epoch = 0
        self.extra: Mapping[type, Sequence[object]] = {}
        self._by_key: dict[type, dict[tuple[str, str], object]] = {}
        """Of `extra`, by kind, where one has been looked for."""
        self._states: dict[str, NodeState] = {}
        self._nodes: tuple[NodeState, ...] | None = None
        self._changed: dict[str, int] = {}
        self._places: dict[str, tuple[str, Pod]] = {}
        """Pod uid → its node's name, and the pod."""
        self._waiting: dict[str, dict[str, Pod]] = {}
        """Pods of nodes that are not there (yet): node name → uid → pod."""
        self._nominated: dict[str, dict[str, Pod]] = {}
        self._promised: dict[str, str] = {}
        """Pod uid → the node that it is nominated for."""
        self._those: dict[Callable[[NodeState], bool], dict[str, NodeState]] = {}
        self._by_label: dict[str, dict[str, dict[str, None]]] = {}
        """Label key → value → names of nodes, for the keys that have been asked for."""

    @classmethod
    def of(cls, *states: NodeState) -> Snapshot:
        """A snapshot of these nodes, for tests and for trying things out."""
        made = cls()
        for state in states:
            made._put(state.name, state)
            for pod in state.pods:
                made._places[pod.metadata.uid or ""] = (state.name, pod)
        return made

    # Reading

    @property
    def nodes(self) -> tuple[NodeState, ...]:
        if self._nodes is None:
            self._nodes = tuple(self._states.values())
        return self._nodes

    def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        if kind not in self._by_key:
            objects = [each for each in self.extra.get(kind, ()) if isinstance(each, KubeObject)]
            self._by_key[kind] = {each.key: each for each in objects}
        found = self._by_key[kind].get((namespace, name))
        return found if isinstance(found, kind) else None

    def find(self, name: str) -> NodeState | None:
        return self._states.get(name)

    def those(self, are: Callable[[NodeState], bool]) -> Iterable[NodeState]:
        found = self._those.get(are)
        if found is None:
            found = self._those[are] = {state.name: state for state in self._states.values() if are(state)}
        return list(found.values())

    def places(self, key: str) -> Mapping[str, Collection[str]]:
        found = self._by_label.get(key)
        if found is None:
            found = self._by_label[key] = {}
            for name, state in self._states.items():
                _move(name, found, None, state.node.metadata.labels.get(key))
        return found

    def changed_since(self, generation: int) -> Iterable[str]:
        return list(self._newer(generation))

    @property
    def has_promises(self) -> bool:
        return bool(self._nominated)

    def nominated(self, node: str) -> Sequence[Pod]:
        promised = self._nominated.get(node)
        return tuple(promised.values()) if promised else ()

    def node_of(self, pod: Pod) -> str:
        """Where the pod counts; ``""`` for nowhere."""
        return self._places.get(pod.metadata.uid or "", ("",))[0]

    # Keeping

    def set_node(self, node: Node) -> None:
        name = node.metadata.name or ""
        known = self._states.get(name)
        if known is None:
            pods = self._waiting.pop(name, {})
            self._put(name, NodeState(node=node, pods=tuple(pods.values())))
        elif placement_view(known.node) != placement_view(node):
            self._put(name, NodeState(node=node, pods=known.pods))

    def drop_node(self, name: str) -> None:
        state = self._states.get(name)
        if state is None:
            return
        if state.pods:
            self._waiting[name] = {pod.metadata.uid or "": pod for pod in state.pods}
        self._put(name, None)

    def set_pod(self, pod: Pod) -> None:
        """As the API server has it: on its node, or on none; a finished one takes no room."""
        uid, node = pod.metadata.uid or "", pod.spec.node_name or ""
        if is_finished(pod):
            self.drop_pod(pod)
            return
        if not node:  # it waits, or its bind is under way
            if uid not in self._places and pod.status.nominated_node_name:
                self.promise(pod, pod.status.nominated_node_name)
            return
        known = self._places.get(uid)
        if known is not None and known[0] == node and pod_view(known[1]) == pod_view(pod):
            self._places[uid] = (node, pod)
            return
        self.drop_pod(pod)
        self._enter(pod, node)

    def assume(self, pod: Pod, node: str) -> None:
        """Count a pod on the node that it is about to be bound to."""
        self.promise(pod, None)
        self._enter(pod, node)

    def drop_pod(self, pod: Pod) -> None:
        """The pod is gone, or its bind has failed."""
        uid = pod.metadata.uid or ""
        node, known = self._places.pop(uid, ("", pod))
        self.promise(pod, None)
        if (state := self._states.get(node)) is not None:
            self._put(node, state.minus(known))
        elif node:
            self._waiting.get(node, {}).pop(uid, None)

    def promise(self, pod: Pod, node: str | None) -> None:
        """Promise a node to a pod for which room is being made, or take it back."""
        uid = pod.metadata.uid or ""
        before = self._promised.pop(uid, None)
        if before is not None:
            promised = self._nominated[before]
            del promised[uid]
            if not promised:
                del self._nominated[before]
            self._mark(before)
        if node is not None:
            self._promised[uid] = node
            self._nominated.setdefault(node, {})[uid] = pod
            self._mark(node)

    def set_extra(self, extra: Mapping[type, Sequence[object]]) -> None:
        """Of what is the same as before, what is known of it is kept."""
        self._by_key = {kind: known for kind, known in self._by_key.items() if extra.get(kind) is self.extra.get(kind)}
        self.extra = extra
        self.epoch += 1

    def _enter(self, pod: Pod, node: str) -> None:
        uid = pod.metadata.uid or ""
        self._places[uid] = (node, pod)
        if (state := self._states.get(node)) is not None:
            self._put(node, state.plus(pod))
        else:
            self._waiting.setdefault(node, {})[uid] = pod

    def _put(self, name: str, state: NodeState | None) -> None:
        self._label(name, self._states.get(name), state)
        if state is None:
            del self._states[name]
        else:
            self._states[name] = state
        for are, found in self._those.items():
            if state is not None and are(state):
                found[name] = state
            else:
                found.pop(name, None)
        self._nodes = None
        self._mark(name)

    def _label(self, name: str, old: NodeState | None, new: NodeState | None) -> None:
        """Find the node under the labels that it has now."""
        if old is not None and new is not None and old.node is new.node:
            return
        for key, values in self._by_label.items():
            before, after = (each.node.metadata.labels.get(key) if each is not None else None for each in (old, new))
            _move(name, values, before, after)

    def _mark(self, name: str) -> None:
        """Something about the node is not what it was."""
        self.generation += 1
        self._changed.pop(name, None)
        self._changed[name] = self.generation

    def _newer(self, generation: int) -> Iterator[str]:
        for name, changed in reversed(self._changed.items()):
            if changed <= generation:
                return
            yield name


def _move(name: str, values: dict[str, dict[str, None]], before: str | None, after: str | None) -> None:
    """From the nodes with one value of a label to those with another."""
    if before == after:
        return
    if before is not None:
        del values[before][name]
        if not values[before]:
            del values[before]
    if after is not None:
        values.setdefault(after, {})[name] = None


def placement_view(node: Node) -> tuple[object, ...]:
    """What of a node matters for placement: a heartbeat is no change."""
    return (node.metadata.labels, node.spec, node.status.allocatable, node.status.images)


def pod_view(pod: Pod) -> tuple[object, ...]:
    """What of a bound pod matters for the placement of others."""
    metadata = pod.metadata
    return (metadata.generation, metadata.labels, metadata.deletion_timestamp is None, resized_requests(pod))
