"""The node's own check of a pod that was bound to it, once, and what is told of it then. On the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sampan.core.errors import NotFound
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import Say
from sampan.core.node.decide.admission import admit
from sampan.core.node.decide.shared_ports import shared_ports
from sampan.core.node.decide.unsupported import LIMITS, open_stdins, unsupported_fields
from sampan.core.node.decide.view import Rejection
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.record import PodRecord


class Admission:
    """``other_pods`` tells those that this node has let in beside one, by its uid."""

    def __init__(
        self,
        parts: NodeParts,
        events: PodEvents,
        node: Callable[[], Node],
        other_pods: Callable[[str], Iterable[Pod]],
    ) -> None:
        self._parts = parts
        self._events = events
        self._node = node
        self._other_pods = other_pods
        self._runtime_name = parts.runtime.info().name
        self._can = parts.runtime.capabilities()

    async def admit(self, record: PodRecord) -> None:
        """The node's own check, once; pods that it has run before are in."""
        if record.admitted:
            return
        pod, known = record.pod, record.has_run
        record.rejection = None if known else await self._reason_against(record)
        record.admitted = True
        record.first_seen = self._parts.clock.now()
        if known:
            return
        if record.rejection is not None:
            self._events.say(record, Say(record.rejection.reason, record.rejection.message, "Warning"))
            return
        lost = [] if self._can.keeps_stdin else open_stdins(pod)
        paths = self._can.unsupported_fields if self._can.resource_limits else (*self._can.unsupported_fields, *LIMITS)
        for field in (*unsupported_fields(pod, paths), *lost):
            self._events.warn(record, f"{field} is not honoured by the runtime {self._runtime_name}")
        if self._can.real_processes and not self._can.own_network:
            for shared in shared_ports(pod, self._other_pods(record.uid)):
                self._events.say(record, Say("PortConflict", shared, "Warning"))
        self._parts.hook("sampan_pod_admitted", node=self._parts.settings.name, pod=pod)

    async def _reason_against(self, record: PodRecord) -> Rejection | None:
        """What speaks against the pod by the Node as it is: who bound it may have seen a change before this agent."""
        others = list(self._other_pods(record.uid))
        rejection = admit(record.pod, others, self._node())
        if rejection is None:
            return None
        try:
            node = await self._parts.client.get(Node, "", self._parts.settings.name)
        except NotFound:
            return rejection
        return admit(record.pod, others, node)
