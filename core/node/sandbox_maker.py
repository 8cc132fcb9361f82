"""Makes the sandbox of a pod. On the event loop; the engine is asked in threads."""

from __future__ import annotations

from datetime import timedelta

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.errors import NotFound
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.node_v1.runtime_class import RuntimeClass
from sampan.core.node.config.dns import host_dns, pod_dns
from sampan.core.node.config.names import NameTooLong
from sampan.core.node.config.sandbox_config import sandbox_config
from sampan.core.node.decide.actions import Say
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.record import PodRecord
from sampan.core.node.retries import CONFIG_RETRY, LONGEST_RETRY, count_failure

HANDLERS = ("runc", "crun")
"""What every engine calls its usual way of running containers."""


class SandboxMaker:
    def __init__(self, parts: NodeParts, events: PodEvents) -> None:
        self._parts = parts
        self._events = events
        self._runtime_name = parts.runtime.info().name

    async def create(self, record: PodRecord, attempt: int) -> bool:
        """Whether it is there; else when it is tried again is in the record, and told."""
        settings = self._parts.settings
        dns = pod_dns(record.pod, host_dns(), settings.cluster_dns)
        try:
            await self._check_handler(record.pod)
            config = sandbox_config(record.pod, attempt, dns, settings.cluster, settings.name)
            sandbox = await self._parts.calls.run(self._parts.runtime.run_pod_sandbox, config)
        except (RuntimeFailure, NameTooLong, NotFound) as exc:
            delay = count_failure(record, "sandbox", CONFIG_RETRY, LONGEST_RETRY)
            record.sandbox_retry_at = self._parts.clock.now() + timedelta(seconds=delay)
            self._events.say(record, Say("FailedCreatePodSandBox", f"Failed to create pod sandbox: {exc}", "Warning"))
            record.stale = True
            return False
        record.failures.pop("sandbox", None)
        record.sandboxes = (*(each for each in record.sandboxes if each.id != sandbox.id), sandbox)
        return True

    async def _check_handler(self, pod: Pod) -> None:
        """There is one runtime, under its own name and that of what it runs containers with. Raises `RuntimeFailure`,
        and `NotFound` for a class that went meanwhile."""
        name = pod.spec.runtime_class_name
        if name:
            handler = (await self._parts.client.get(RuntimeClass, "", name)).handler
            if handler not in (self._runtime_name, *HANDLERS):
                raise RuntimeFailure(f'no runtime for "{handler}" is configured')
