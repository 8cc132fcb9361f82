"""Looks at what the engine has of a pod, with the last words of what has ended. On the event loop; asks in threads."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.core.contracts.runtime import Container, Sandbox
from sampan.core.errors import SampanError
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.view import all_specs, container_name
from sampan.core.node.identity import node_uid
from sampan.core.node.parts import NodeParts
from sampan.core.node.probes import Prober
from sampan.core.node.record import PodRecord
from sampan.core.node.termination_message import termination_message


class Observer:
    def __init__(self, parts: NodeParts, prober: Prober) -> None:
        self._parts = parts
        self._prober = prober

    async def observe(self, record: PodRecord) -> None:
        record.stale = False  # an event that comes while the engine is asked makes it stale again
        try:
            read = frozenset(key for key, known in record.known.items() if known.message is not None)
            sandboxes, containers, messages = await self._parts.calls.run(self._ask, record.pod, read)
        except SampanError:
            record.stale = True
            raise
        record.observed(sandboxes, containers)
        for container_id, message in messages.items():
            record.learn(container_id, message=message)
        self._seen(record)

    def _seen(self, record: PodRecord) -> None:
        """What follows from any look at the engine: probes, and plugins told of exits."""
        self._prober.follow(record)
        for container in record.containers:
            if container.state == "exited" and not record.attempt(container.id).exit_told:
                record.learn(container.id, exit_told=True)
                self._parts.hook("sampan_container_exited", pod=record.pod, container=container)

    def _ask(self, pod: Pod, known: frozenset[str]) -> tuple[Sequence[Sandbox], Sequence[Container], dict[str, str]]:
        uid = node_uid(pod)
        sandboxes, containers = self._parts.runtime.pod_containers(uid)
        specs = {each.name: each for each in all_specs(pod)}
        messages = {}
        for container in containers:
            spec = specs.get(container_name(container))
            if container.state == "exited" and container.id not in known and spec is not None:
                pod_dir = self._parts.settings.pod_dir(uid)
                messages[container.id] = termination_message(self._parts.runtime, pod_dir, spec, container)
        return sandboxes, containers, messages
