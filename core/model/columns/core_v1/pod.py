"""The columns of pods: the one word that says how a pod is, and how often it was restarted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sampan.core.classes import define
from sampan.core.model.age import age
from sampan.core.model.columns.common.words import AGE, NAME, NONE, container_images, container_names, labels_text
from sampan.core.model.conditions import find_wire
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.kinds import Column

Value = Mapping[str, Any]


@define
class _Summary:
    """What is counted while a pod's statuses are read."""

    reason: str
    ready: int = 0
    restarts: int = 0
    last_restart: str = ""

    def add(self, status: Value) -> None:
        self.restarts += status.get("restartCount") or 0
        ended = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""
        self.last_restart = max(self.last_restart, ended)


def _condition(pod: Value, kind: str) -> Value:
    return find_wire(pod, kind) or {}


def _sidecars(pod: Value) -> set[str]:
    """Init containers that go on running."""
    containers = (pod.get("spec") or {}).get("initContainers") or ()
    return {each.get("name") or "" for each in containers if each.get("restartPolicy") == "Always"}


def _ended(state: Value, prefix: str = "") -> str:
    """How a container ended: its reason, else its signal, else its exit code."""
    if state.get("reason"):
        return f"{prefix}{state['reason']}"
    if state.get("signal"):
        return f"{prefix}Signal:{state['signal']}"
    return f"{prefix}ExitCode:{state.get('exitCode') or 0}"


def summary(pod: Value) -> _Summary:
    """The pod in one word, with its counts, as kubectl's STATUS and RESTARTS show it."""
    status = pod.get("status") or {}
    found = _Summary(status.get("reason") or status.get("phase") or "")
    if _condition(pod, "PodScheduled").get("reason") == "SchedulingGated":
        found.reason = "SchedulingGated"
    sidecars = _Summary("")
    waiting = _read_init(pod, found, sidecars)
    if not waiting or _condition(pod, "Initialized").get("status") == "True":
        found.restarts, found.last_restart = sidecars.restarts, sidecars.last_restart
        _read_running(pod, found)
    if (pod.get("metadata") or {}).get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            found.reason = "Unknown"
        elif status.get("phase") not in FINISHED:
            found.reason = "Terminating"
    return found


def _read_init(pod: Value, found: _Summary, sidecars: _Summary) -> bool:
    """Init containers in turn, up to the first that is not done. True where there is one."""
    names = _sidecars(pod)
    total = len((pod.get("spec") or {}).get("initContainers") or ())
    for index, status in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        found.add(status)
        is_sidecar = status.get("name") in names
        if is_sidecar:
            sidecars.add(status)
        state = status.get("state") or {}
        ended, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason")
        if ended is not None and not ended.get("exitCode"):
            continue
        if is_sidecar and status.get("started"):
            found.ready += bool(status.get("ready"))
            continue
        if ended is not None:
            found.reason = _ended(ended, "Init:")
        elif waiting and waiting != "PodInitializing":
            found.reason = f"Init:{waiting}"
        else:
            found.reason = f"Init:{index}/{total}"
        return True
    return False


def _read_running(pod: Value, found: _Summary) -> None:
    """Containers from the last to the first: the first one's trouble is what is shown."""
    running = False
    for status in reversed((pod.get("status") or {}).get("containerStatuses") or ()):
        found.add(status)
        state = status.get("state") or {}
        ended, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason")
        if waiting:
            found.reason = waiting
        elif ended is not None:
            found.reason = _ended(ended)
        elif status.get("ready") and state.get("running") is not None:
            running = True
            found.ready += 1
    if found.reason == "Completed" and running:
        found.reason = "Running" if _condition(pod, "Ready").get("status") == "True" else "NotReady"


def _ready(pod: Value, now: datetime) -> str:
    total = len((pod.get("spec") or {}).get("containers") or ()) + len(_sidecars(pod))
    return f"{summary(pod).ready}/{total}"


def _status(pod: Value, now: datetime) -> str:
    return summary(pod).reason


def _restarts(pod: Value, now: datetime) -> str:
    found = summary(pod)
    if not found.restarts or not found.last_restart:
        return str(found.restarts)
    return f"{found.restarts} ({age(found.last_restart, now)} ago)"


def _ip(pod: Value, now: datetime) -> str:
    addresses = (pod.get("status") or {}).get("podIPs") or ()
    first = addresses[0].get("ip") if addresses else (pod.get("status") or {}).get("podIP")
    return first or NONE


def _node(pod: Value, now: datetime) -> str:
    return (pod.get("spec") or {}).get("nodeName") or NONE


def _nominated(pod: Value, now: datetime) -> str:
    return (pod.get("status") or {}).get("nominatedNodeName") or NONE


def _gates(pod: Value, now: datetime) -> str:
    gates = (pod.get("spec") or {}).get("readinessGates") or ()
    if not gates:
        return NONE
    open_gates = sum(_condition(pod, gate.get("conditionType") or "").get("status") == "True" for gate in gates)
    return f"{open_gates}/{len(gates)}"


POD_COLUMNS: Final = (
    NAME,
    Column(name="Ready", cell=_ready),
    Column(name="Status", cell=_status),
    Column(name="Restarts", cell=_restarts),
    AGE,
    Column(name="IP", cell=_ip, priority=1),
    Column(name="Node", cell=_node, priority=1),
    Column(name="Nominated Node", cell=_nominated, priority=1),
    Column(name="Readiness Gates", cell=_gates, priority=1),
)

POD_TEMPLATE_COLUMNS: Final = (
    NAME,
    Column(name="Containers", cell=lambda obj, now: container_names(obj.get("template"))),
    Column(name="Images", cell=lambda obj, now: container_images(obj.get("template"))),
    Column(
        name="Pod Labels",
        cell=lambda obj, now: labels_text(((obj.get("template") or {}).get("metadata") or {}).get("labels")),
    ),
)
