"""What takes long for a pod: pulling an image, a postStart hook, the grace of a container that is to end.

Each is a task of the pod's record beside its worker, so that neither a deletion nor another pod waits behind it. The worker
looks at the pod again when it has ended. On the event loop; the waiting itself is in worker threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from sampan.core.errors import SampanError
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.probe import LifecycleHandler
from sampan.core.node.decide.actions import KillContainer, PreStop, Say
from sampan.core.node.decide.images import WantedImage
from sampan.core.node.decide.memory import Problem, Pull
from sampan.core.node.decide.view import all_specs, container_name
from sampan.core.node.lifecycle import run_hook, run_pre_stop, stop_container
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.probe_actions import Answer, Target
from sampan.core.node.pulls import ImagePuller
from sampan.core.node.record import PodRecord

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds after a failure until the pod is looked at again."""


class LongTasks:
    def __init__(self, parts: NodeParts, events: PodEvents, look_again: Callable[[str], None]) -> None:
        self._parts = parts
        self._events = events
        self._look_again = look_again
        self._puller = ImagePuller(parts)

    def is_offline(self, image: str) -> bool:
        """Whether pulling ``image`` failed a moment ago."""
        return self._puller.is_offline(image)

    def pull(self, record: PodRecord, spec: ContainerSpec, wanted: WantedImage, attempt: int) -> None:
        image = wanted.reference
        record.remember(spec.name, pull=Pull(image=image))
        self._events.say(record, Say("Pulling", f'Pulling image "{image}"', "Normal", wanted.container))

        async def pull() -> None:
            for said in await self._puller.pull(record, spec, wanted, attempt):
                self._events.say(record, said)

        self._begin(record, pull(), f"pull {image}")

    def post_start(self, record: PodRecord, spec: ContainerSpec, container_id: str, hook: LifecycleHandler) -> None:
        """Run the hook of a container that has just been started; until it is done the container is not Running."""
        target = self._target(record, spec, container_id)

        async def run() -> None:
            answer = await self._answer(hook, target)
            record.hooks.pop(container_id, None)
            record.stale = True
            record.learn(container_id, post_start="" if answer.success else "failed")
            if not answer.success:
                record.remember(spec.name, problem=Problem("PostStartHookError", "PostStartHook failed"))
                self._events.say(record, Say("FailedPostStartHook", "PostStartHook failed", "Warning", spec.name))

        record.learn(container_id, post_start="runs")
        record.hooks[container_id] = self._begin(record, run(), f"postStart {spec.name}")

    def pre_stop(self, record: PodRecord, action: PreStop) -> None:
        """Run the hook of a container whose turn to be stopped is yet to come."""
        container_id, name = action.container.id, container_name(action.container)
        self._events.say(record, Say("Killing", action.message, "Normal", name))
        target = self._ending(record, action)
        record.learn(container_id, pre_stop_by=self._parts.clock.now() + timedelta(seconds=action.grace))

        async def run() -> None:
            try:
                answer = await self._parts.stops.run(run_pre_stop, target, action.grace)
                self._tell_of_pre_stop(record, name, answer)
            finally:
                if container_id in record.known:
                    record.learn(container_id, pre_stop_by=self._parts.clock.now())

        self._begin(record, run(), f"preStop {name}")

    def kill(self, record: PodRecord, action: KillContainer) -> None:
        container_id, name = action.container.id, container_name(action.container)
        known = record.attempt(container_id)
        first = known.stops_by is None and known.pre_stop_by is None
        if first:
            self._events.say(record, Say("Killing", action.message, "Normal", name))
        target = self._ending(record, action)
        record.learn(container_id, stops_by=self._parts.clock.now() + timedelta(seconds=action.grace))

        async def kill() -> None:
            try:
                answer = await self._parts.stops.run(
                    lambda: stop_container(target, action.grace, hook=action.hook and first)
                )
                self._tell_of_pre_stop(record, name, answer)
            finally:
                record.stale = True
                if container_id in record.known:
                    record.learn(container_id, stops_by=None)

        self._begin(record, kill(), f"stop {name}")

    def _ending(self, record: PodRecord, action: KillContainer | PreStop) -> Target:
        """The container, for which its postStart hook is no matter any more."""
        container_id, name = action.container.id, container_name(action.container)
        if (hook := record.hooks.pop(container_id, None)) is not None:
            hook.cancel()
            record.learn(container_id, post_start="")
        spec = next((each for each in all_specs(record.pod) if each.name == name), ContainerSpec(name=name))
        return self._target(record, spec, container_id)

    def _tell_of_pre_stop(self, record: PodRecord, name: str, answer: Answer) -> None:
        if not answer.success:
            self._events.say(record, Say("FailedPreStopHook", "PreStopHook failed", "Warning", name))

    async def _answer(self, hook: LifecycleHandler, target: Target) -> Answer:
        try:
            return await self._parts.hooks.run(run_hook, hook, target, 0)
        except Exception as exc:
            log.exception("a hook of the container %s broke", target.container.name)
            return Answer(False, str(exc))

    def _target(self, record: PodRecord, spec: ContainerSpec, container_id: str) -> Target:
        homes = {each.id: each.sandbox_id for each in record.containers}
        newest = max(record.sandboxes, key=lambda each: each.attempt, default=None)
        home = homes.get(container_id, newest.id if newest is not None else "")
        ip = next((each.ip for each in record.sandboxes if each.id == home), "")
        return Target(runtime=self._parts.runtime, container=spec, container_id=container_id, ip=ip or "127.0.0.1")

    def _begin(self, record: PodRecord, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            except SampanError as exc:
                log.warning("%s of pod %s failed: %s", name, record.pod.metadata.name, exc)
                await self._parts.clock.sleep(RETRY)
            except Exception:
                log.exception("%s of pod %s broke", name, record.pod.metadata.name)
                await self._parts.clock.sleep(RETRY)
            finally:
                self._look_again(record.uid)

        task = asyncio.create_task(run(), name=name)
        record.tasks.add(task)
        task.add_done_callback(record.tasks.discard)
        return task
