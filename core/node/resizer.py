"""Changes what pods may use while they run: the node's word on a wish, and its way to the containers. On the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.quantity import value
from sampan.core.node.config.resources import container_resources
from sampan.core.node.decide import allocation
from sampan.core.node.decide.actions import ResizeContainer, Say
from sampan.core.node.decide.admission import admit
from sampan.core.node.decide.memory import Allocation
from sampan.core.node.decide.resize import whole_of
from sampan.core.node.decide.view import PodView, all_specs
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.record import PodRecord

RESIZE_RETRY = 30.0
PENDING_RETRY = 10.0
"""Seconds until a wish that does not fit is looked at again."""


class Resizer:
    """``other_pods`` tells those that this node has let in beside one, with what they were promised."""

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

    def allocate(self, record: PodRecord) -> None:
        """Grant what the pod asks for, where it fits."""
        if record.is_to_end:
            return
        if record.allocation is None:
            record.allocation = allocation.first_allocation(record.pod)
        if allocation.is_allocated(record.pod, record.allocation):
            record.allocation = allocation.settled(record.pod, record.allocation)
            return
        refusal = admit(record.pod, self._other_pods(record.uid), self._node())
        decided = allocation.decide_allocation(record.pod, record.allocation, refusal, self._parts.clock.now())
        self._take(record, *decided)

    def look_for_completion(self, record: PodRecord, view: PodView) -> bool:
        """Whether a resize has just reached all of the pod's containers."""
        known = record.allocation
        if known is None or known.in_progress is None or not allocation.is_applied(view):
            return False
        self._take(record, *allocation.completed(record.allocated, known))
        return True

    async def resize(self, record: PodRecord, action: ResizeContainer) -> None:
        pod = record.allocated
        spec = next(each for each in all_specs(pod) if each.name == action.name)
        capacity = value(self._node().status.allocatable.get("memory", "0"))
        resources = container_resources(pod, spec, capacity)
        try:
            await self._parts.calls.run(self._check_use, action, resources.memory_bytes)
            await self._parts.calls.run(self._parts.runtime.update_container, action.container_id, resources)
        except SampanError as exc:
            now = self._parts.clock.now()
            record.learn(action.container_id, resize_retry_at=now + timedelta(seconds=RESIZE_RETRY))
            if record.allocation is not None:
                self._take(record, *allocation.failed(pod, record.allocation, str(exc), now))
            return
        record.learn(action.container_id, resources=spec.resources, whole=whole_of(pod), resize_retry_at=None)

    def _check_use(self, action: ResizeContainer, limit: int) -> None:
        """A limit below what is used would end the container. Raises `RuntimeFailure`. In a worker thread."""
        used = 0
        if limit:
            with suppress(SampanError):
                used = self._parts.runtime.stats(action.container_id).memory_bytes
        if limit and used >= limit:
            raise RuntimeFailure(
                f'attempting to set container "{action.name}" memory limit ({limit}) below current usage ({used})'
            )

    def _take(self, record: PodRecord, decided: Allocation, said: Say | None) -> None:
        record.allocation = decided
        if said is not None:
            self._events.say(record, said)
