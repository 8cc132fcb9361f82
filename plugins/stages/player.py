"""The controller that plays stages: in the place of node agents it says what becomes of pods on simulated nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sampan.core.classes import frozen
from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Emit, Plan
from sampan.core.errors import ConfigError
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.codec import to_wire
from sampan.plugins.stages.addresses import PodAddresses, of_node
from sampan.plugins.stages.expressions import Functions
from sampan.plugins.stages.files import NamedStage
from sampan.plugins.stages.stage import Stage, choose

ON_NODE = "node"
SIMULATED = "simulated://"
VERSION = "sampan"
NAMES = (
    "Now", "StartTime", "Version", "NodeIP", "NodeIPWith", "NodeIPsWith", "PodIP", "PodIPWith", "PodIPsWith",
)  # fmt: skip


@frozen
class _Turn:
    """A pod in a stage, which is played when its time has come."""

    uid: str
    stage: Stage
    due: datetime


class StagePlayer:
    """Which stage a pod is in, and since when, is all that it remembers; after a restart a stage begins anew."""

    name = "stage-player"
    watches: Sequence[Watch] = (
        Watch(kind=Pod, indexes={ON_NODE: lambda obj: (obj.spec.node_name or "",) if isinstance(obj, Pod) else ()}),
        Watch(kind=Node, keys=lambda node, state: _pods_of(node.metadata.name or "", state)),
    )

    def __init__(self, stages: Sequence[NamedStage], dice: Random | None = None) -> None:
        """Raises `ConfigError` that names the stage which cannot be played."""
        self._stages = [Stage(stage, dict.fromkeys(NAMES, _nothing)) for stage in stages]
        self._dice = dice or Random()
        self._turns: dict[Key, _Turn] = {}
        self._uids: dict[Key, str] = {}
        self._addresses: PodAddresses | None = None
        self._started = ""

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        pod = state.get(Pod, key.namespace, key.name)
        addresses = self._known_addresses(state, now)
        uid = pod.metadata.uid or "" if pod is not None else ""
        if (before := self._uids.get(key)) and before != uid:
            addresses.give_back(before)
            self._turns.pop(key, None)
            del self._uids[key]
        node = state.get(Node, "", pod.spec.node_name) if pod is not None and pod.spec.node_name else None
        if pod is None or node is None or not node.status.node_info.container_runtime_version.startswith(SIMULATED):
            return NOTHING
        self._uids[key] = uid
        return self._play(key, pod, node, addresses, now)

    def _play(self, key: Key, pod: Pod, node: Node, addresses: PodAddresses, now: datetime) -> Plan:
        wire = to_wire(pod)
        turn = self._turns.get(key)
        if turn is None or not turn.stage.holds(wire):
            stage = choose(self._stages, wire, self._dice)
            if stage is None:
                self._turns.pop(key, None)
                return NOTHING
            due = now + timedelta(seconds=stage.delay(wire, now, self._dice))
            turn = self._turns[key] = _Turn(pod.metadata.uid or "", stage, due)
        if turn.due > now:
            return Plan(requeue_after=(turn.due - now).total_seconds())
        del self._turns[key]
        try:
            return Plan(actions=tuple(turn.stage.actions(pod, wire, self._functions(pod, node, addresses, now))))
        except ConfigError as exc:
            return Plan(actions=(Emit(regarding=pod, type="Warning", reason="StageFailed", message=str(exc)),))

    def _known_addresses(self, state: Lister, now: datetime) -> PodAddresses:
        if self._addresses is None:
            self._addresses = PodAddresses()
            self._addresses.take(state.list(Pod))
            self._started = _text(now)
        return self._addresses

    def _functions(self, pod: Pod, node: Node, addresses: PodAddresses, now: datetime) -> Functions:
        """Those that answer for this pod. Its addresses are its own, whatever a template says that it is called."""

        def node_ips(*_asked: Any) -> list[str]:
            return of_node(node)

        def pod_ips(*_asked: Any) -> list[str]:
            return of_node(node) if pod.spec.host_network else addresses.of(pod.metadata.uid or "", node)

        def first_of(some: Callable[..., list[str]]) -> Callable[..., str]:
            return lambda *asked: next(iter(some(*asked)), "")

        return {
            "Now": lambda: _text(now),
            "StartTime": lambda: self._started,
            "Version": lambda: VERSION,
            "NodeIP": first_of(node_ips),
            "NodeIPWith": first_of(node_ips),
            "NodeIPsWith": node_ips,
            "PodIP": first_of(pod_ips),
            "PodIPWith": first_of(pod_ips),
            "PodIPsWith": pod_ips,
        }


def _pods_of(node: str, state: Lister) -> list[Key]:
    """A node that has come may have pods already."""
    return [Key(*pod.key) for pod in state.indexed(Pod, ON_NODE, node)]


def _nothing(*_asked: Any) -> None:
    return None


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
