"""Whether a pod has written more to the disk than it may. On the event loop; measures in threads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from sampan.core.contracts.runtime import Container
from sampan.core.errors import SampanError
from sampan.core.node.decide.actions import Say
from sampan.core.node.decide.eviction import container_limits, disk_volumes, over_disk_limit
from sampan.core.node.decide.view import container_name
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.node.record import PodRecord


class DiskLimits:
    def __init__(self, parts: NodeParts, events: PodEvents, volumes: PodVolumes) -> None:
        self._parts = parts
        self._events = events
        self._volumes = volumes

    async def is_over_limit(self, record: PodRecord) -> bool:
        """Have the pod evicted where it has written more than it may, into a volume or its containers' own files.

        It gets no condition ``DisruptionTarget``, here as in the kubelet: that is for what happens to a pod. This is its
        own doing, and a Job that forgives disruptions must not start it again for ever.
        """
        if record.rejection is not None or record.volumes is None or record.gone:
            return False
        limited = container_limits(record.pod)
        names = {each.name for each in disk_volumes(record.pod)}
        volumes = await self._parts.volumes.run(self._volumes.usage, record.pod, names)
        running = [each for each in record.containers if limited and each.state == "running"]
        containers = await self._parts.calls.run(self._written, running)
        rejection = over_disk_limit(record.pod, volumes, containers)
        if rejection is None or record.is_to_end:
            return False
        record.rejection = rejection
        self._events.say(record, Say(rejection.reason, rejection.message, "Warning"))
        return True

    def _written(self, containers: Sequence[Container]) -> dict[str, int]:
        """Bytes by container name; what has just ended or cannot be measured counts as none. In a worker thread."""
        found = {}
        for container in containers:
            with suppress(SampanError):
                found[container_name(container)] = self._parts.runtime.disk_usage(container.id)
        return found
