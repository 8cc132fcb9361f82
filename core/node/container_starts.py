"""Starts a container of a pod that has its sandbox, and writes down how that went. On the event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from sampan.core.loops import growing
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.decide.actions import StartContainer
from sampan.core.node.decide.back_off import next_back_off
from sampan.core.node.decide.memory import StartFailure
from sampan.core.node.decide.resize import whole_of
from sampan.core.node.decide.view import all_specs, container_name
from sampan.core.node.long_tasks import LongTasks
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.record import PodRecord
from sampan.core.node.retries import CONFIG_RETRY, LONGEST_CONFIG_RETRY
from sampan.core.node.starter import ContainerStarter, StartInput, StartOutcome


class ContainerStarts:
    """``starter`` does the blocking part; ``long_tasks`` what takes long: pulls and postStart hooks."""

    def __init__(
        self,
        parts: NodeParts,
        events: PodEvents,
        long_tasks: LongTasks,
        starter: ContainerStarter,
        service_env: Callable[[Pod], Mapping[str, str]],
    ) -> None:
        self._parts = parts
        self._events = events
        self._long_tasks = long_tasks
        self._starter = starter
        self._service_env = service_env

    async def start(self, record: PodRecord, action: StartContainer) -> bool:
        """False: the containers after it wait, for its postStart hook (as in the kubelet) or as the pod is to end."""
        spec = next(each for each in all_specs(record.allocated) if each.name == action.name)
        home = max(record.sandboxes, key=lambda each: each.attempt, default=None)
        if home is None:
            return True
        given = StartInput(
            pod=record.allocated,
            container=spec,
            attempt=action.attempt,
            sandbox=home,
            volumes=record.volumes or {},
            services=self._service_env(record.pod),
            is_wanted=lambda: not record.is_to_end,
            pulled={image for attempt, image in record.memory(spec.name).pulled if attempt == action.attempt},
            is_offline=self._long_tasks.is_offline,
        )
        outcome = await self._parts.calls.run(self._starter.start, given)
        record.stale = True
        for said in outcome.said:
            self._events.say(record, said)
        if outcome.needs_pull is not None:
            self._long_tasks.pull(record, spec, outcome.needs_pull, action.attempt)
            return True
        if outcome.dropped:
            return False
        self._started(record, spec, action, outcome)
        hook = spec.lifecycle.post_start if spec.lifecycle is not None else None
        if hook is None or outcome.problem is not None:
            return True
        self._long_tasks.post_start(record, spec, outcome.container_id, hook)
        return False

    def _started(self, record: PodRecord, spec: ContainerSpec, action: StartContainer, outcome: StartOutcome) -> None:
        """Write down how a start went."""
        name, now = action.name, self._parts.clock.now()
        memory = record.memory(name)
        if outcome.asked:
            record.learn(outcome.container_id, asked=True, resources=spec.resources, whole=whole_of(record.allocated))
            if action.restart:
                ends = [record.attempt(each.id).ended_at for each in record.containers if container_name(each) == name]
                ended = max((each for each in ends if each is not None), default=now)
                record.remember(name, back_off=next_back_off(memory.back_off, now, ended))
        if outcome.start_failure:
            record.learn(outcome.container_id, start_failure=StartFailure(now, outcome.start_failure))
        record.remember(name, pulled=frozenset(), problem=outcome.problem)
        if outcome.problem is None:
            record.remember(name, retry_at=None, failures=0)
        elif not outcome.asked:
            delay = growing(memory.failures, CONFIG_RETRY, LONGEST_CONFIG_RETRY)
            record.remember(name, failures=memory.failures + 1, retry_at=now + timedelta(seconds=delay))
