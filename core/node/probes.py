"""Probes: a task for each probe of each running container, and none for pods without probes.

On the event loop; each try is made in a worker thread. Results go into the pod's record, and the pod is looked at again
when one of them changes. Rules and defaults:
https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#configure-probes
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import PodStatus
from sampan.core.model.core_v1.probe import Probe
from sampan.core.node.decide.memory import ProbeResults
from sampan.core.node.decide.view import bare_id, container_name, effective, is_sidecar
from sampan.core.node.parts import NodeParts
from sampan.core.node.probe_actions import Answer, Target, ask
from sampan.core.node.record import PodRecord

log = logging.getLogger(__name__)

Sort = Literal["startup", "readiness", "liveness"]


@frozen(kw_only=True)
class Count:
    """How a probe has gone of late."""

    answer: bool | None = None
    run: int = 0
    """Equal answers in a row."""

    def after(self, success: bool) -> Count:
        return Count(answer=success, run=self.run + 1 if success == self.answer else 1)

    def decided(self, probe: Probe) -> bool | None:
        """The result, once there are as many equal answers as the threshold asks for."""
        threshold = (probe.success_threshold or 1) if self.answer else (probe.failure_threshold or 3)
        return self.answer if self.run >= threshold else None


class Prober:
    """All probes of one node."""

    def __init__(self, parts: NodeParts, look_again: Callable[[str], None]) -> None:
        self._parts = parts
        self._look_again = look_again
        self._tasks: dict[str, dict[str, list[asyncio.Task[None]]]] = {}
        """By pod uid and container id."""

    def follow(self, record: PodRecord) -> None:
        """Begin to probe what runs; stop probing what does not, or is no longer there."""
        specs = {each.name: each for each in _probed(record)}
        running = [each for each in record.containers if effective(each, record.attempt(each.id)).state == "running"]
        tasks = self._tasks.setdefault(record.uid, {})
        for container in running:
            spec = specs.get(container_name(container))
            if spec is not None and container.id not in tasks:
                results = first_results(spec, container, record.pod.status)
                record.learn(container.id, probes=results)
                started = asyncio.Event()
                if results.started:
                    started.set()
                tasks[container.id] = [
                    asyncio.create_task(self._run(record, spec, container, sort, probe, started), name=f"{sort} probe")
                    for sort, probe in _probes_of(spec)
                    if not (sort == "startup" and results.started)
                ]
        for container_id in tasks.keys() - {each.id for each in running}:
            _cancel(tasks.pop(container_id))
        if not tasks:
            del self._tasks[record.uid]

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        for tasks in self._tasks.pop(uid, {}).values():
            _cancel(tasks)

    async def stop(self) -> None:
        tasks = [task for pod in self._tasks.values() for several in pod.values() for task in several]
        self._tasks.clear()
        _cancel(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(
        self,
        record: PodRecord,
        spec: ContainerSpec,
        container: Container,
        sort: Sort,
        probe: Probe,
        started: asyncio.Event,
    ) -> None:
        """Probe until cancelled, or until there is nothing more to learn."""
        clock = self._parts.clock
        if (delay := _first_delay(container, probe, clock.now())) > 0:
            await clock.sleep(delay)
        if sort != "startup":
            await started.wait()  # those that follow the startup probe do so at once
        count = Count()
        while record.attempt(container.id).probes is not None:  # else the container has vanished
            answer = await self._ask(record, spec, container, probe)
            count = count.after(answer.success)
            if not answer.success or answer.warning:
                self._say(record, spec, sort, answer)
            decided = count.decided(probe)
            if decided is not None and self._settle(record, container, sort, decided):
                if decided:
                    started.set()
                return
            await clock.sleep(probe.period_seconds or 10)

    async def _ask(self, record: PodRecord, spec: ContainerSpec, container: Container, probe: Probe) -> Answer:
        ip = self._parts.settings.ip if record.pod.spec.host_network else ""
        ip = ip or next((each.ip for each in record.sandboxes if each.id == container.sandbox_id), "") or "127.0.0.1"
        target = Target(runtime=self._parts.runtime, container=spec, container_id=container.id, ip=ip)
        try:
            return await self._parts.probes.run(ask, probe, target, float(probe.timeout_seconds or 1))
        except Exception as exc:
            log.exception("a probe of the container %s broke", spec.name)
            return Answer(False, str(exc))

    def _settle(self, record: PodRecord, container: Container, sort: Sort, success: bool) -> bool:
        """Write the result down; true when this probe has done its work."""
        before = record.attempt(container.id).probes
        if before is None:
            return True
        if sort == "readiness":
            after = attrs.evolve(before, ready=success)
        elif success:
            after = attrs.evolve(before, started=True) if sort == "startup" else before
        else:
            after = attrs.evolve(before, failed=sort)
        if after != before:
            record.learn(container.id, probes=after)
            self._look_again(record.uid)
        return bool(after.failed) or (sort == "startup" and success)

    def _say(self, record: PodRecord, spec: ContainerSpec, sort: Sort, answer: Answer) -> None:
        reason, verb = ("Unhealthy", "failed") if not answer.success else ("ProbeWarning", "warning")
        message = f"{sort.capitalize()} probe {verb}: {answer.message}"
        group = "initContainers" if spec in record.pod.spec.init_containers else "containers"
        path = f"spec.{group}{{{spec.name}}}"
        self._parts.recorder.emit(record.pod, reason, message, type="Warning", field_path=path)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


def first_results(spec: ContainerSpec, container: Container, told: PodStatus) -> ProbeResults:
    """What holds before the first try: what the API was told of this very container by an agent that has ended since."""
    statuses = (*told.container_statuses, *told.init_container_statuses)
    known = next((each for each in statuses if bare_id(each.container_id) == container.id), None)
    return ProbeResults(
        started=spec.startup_probe is None or (known is not None and known.started is True),
        ready=spec.readiness_probe is None or (known is not None and known.ready),
    )


def _probed(record: PodRecord) -> Iterable[ContainerSpec]:
    for spec in record.pod.spec.containers:
        if any(True for _ in _probes_of(spec)):
            yield spec
    for spec in record.pod.spec.init_containers:
        if is_sidecar(spec) and any(True for _ in _probes_of(spec)):
            yield spec


def _probes_of(spec: ContainerSpec) -> Iterable[tuple[Sort, Probe]]:
    if spec.startup_probe is not None:
        yield "startup", spec.startup_probe
    if spec.readiness_probe is not None:
        yield "readiness", spec.readiness_probe
    if spec.liveness_probe is not None:
        yield "liveness", spec.liveness_probe


def _first_delay(container: Container, probe: Probe, now: datetime) -> float:
    """What is left of the initial delay, which counts from the container's start (an adopted one's is long over)."""
    if container.started_at is None:
        return float(probe.initial_delay_seconds)
    return max(0.0, probe.initial_delay_seconds - (now - container.started_at).total_seconds())
