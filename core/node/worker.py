"""Works on one pod at a time: look at the engine, decide, tell the API, act; again until there is nothing to do.

Called by the agent's workers on the event loop, never twice at once for one pod. Each sort of action has a module of its
own beside this one. What waits long goes on in `sampan.core.node.long_tasks`, so that a deletion never waits behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sampan.core.errors import Forbidden, NotFound, SampanError
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.node.admission import Admission
from sampan.core.node.container_starts import ContainerStarts
from sampan.core.node.decide.actions import (
    CreateSandbox,
    DeletePod,
    KillContainer,
    NodeAction,
    PreStop,
    PublishVolumes,
    RemoveContainer,
    RemoveSandbox,
    ResizeContainer,
    Say,
    StartContainer,
    StopSandbox,
    UnpublishVolumes,
)
from sampan.core.node.decide.plan import plan_pod
from sampan.core.node.decide.view import PodView
from sampan.core.node.disk_limits import DiskLimits
from sampan.core.node.long_tasks import LongTasks
from sampan.core.node.mounting import Mounting
from sampan.core.node.observer import Observer
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.node.presence import ASK_AGAIN, find_whether_gone
from sampan.core.node.probes import Prober
from sampan.core.node.record import PodRecord
from sampan.core.node.resizer import PENDING_RETRY, Resizer
from sampan.core.node.sandbox_maker import SandboxMaker
from sampan.core.node.starter import ContainerStarter
from sampan.core.node.status_writer import StatusWriter

MOST_ROUNDS = 50


class PodWorker:
    """Holds no state of its own: that is in the records."""

    def __init__(
        self,
        parts: NodeParts,
        *,
        volumes: PodVolumes,
        starter: ContainerStarter,
        writer: StatusWriter,
        prober: Prober,
        service_env: Callable[[Pod], Mapping[str, str]],
        node: Callable[[], Node],
        other_pods: Callable[[str], Iterable[Pod]],
        look_again: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._writer = writer
        self._events = events = PodEvents(parts.recorder)
        self._long_tasks = LongTasks(parts, events, look_again)
        self._observer = Observer(parts, prober)
        self._admission = Admission(parts, events, node, other_pods)
        self._sandboxes = SandboxMaker(parts, events)
        self._starts = ContainerStarts(parts, events, self._long_tasks, starter, service_env)
        self._resizer = Resizer(parts, events, node, other_pods)
        self._runtime_name = parts.runtime.info().name
        self.mounting = Mounting(parts, events, volumes)
        self.disk_limits = DiskLimits(parts, events, volumes)

    async def sync(self, record: PodRecord) -> float | None:
        """Bring the pod one step on, as far as it goes now; seconds until something falls due."""
        for _ in range(MOST_ROUNDS):
            if record.stale:
                await self._observer.observe(record)
            await find_whether_gone(record, self._parts.client)
            if record.unknown and not record.gone:
                return ASK_AGAIN
            await self._admission.admit(record)
            self._resizer.allocate(record)
            now = self._parts.clock.now()
            view = self._view(record, now)
            if self._resizer.look_for_completion(record, view):
                view = self._view(record, now)
            plan = plan_pod(view, now)
            record.told = plan.status
            for name in record.memories.keys() | plan.waiting.keys():
                record.remember(name, waiting=plan.waiting.get(name))
            if plan.ends and record.ending_since is None:
                record.ending_since = now
            if not record.missing:
                self._writer.put(record.pod, plan.status)
            if not await self._carry_out(record, plan.actions):
                return _sooner(plan.requeue_after, *self._asks_again(record))
        raise SampanError(f"the plan for pod {record.pod.metadata.name} does not come to rest")

    def _view(self, record: PodRecord, now: datetime) -> PodView:
        return record.view(now, node_ips=self._parts.settings.ips, runtime=self._runtime_name)

    def _asks_again(self, record: PodRecord) -> Iterator[float]:
        """Seconds until something is to be looked at of which nobody tells."""
        if record.missing and not record.gone:
            yield ASK_AGAIN
        if record.allocation is not None and record.allocation.pending is not None:
            yield PENDING_RETRY

    async def _carry_out(self, record: PodRecord, actions: Sequence[NodeAction]) -> bool:
        """Whether anything was done that is worth another look.

        The pod may be deleted while one action takes its time: what is left of the plan to start it is dropped then.
        """
        acted, was_to_end = False, record.is_to_end
        for action in actions:
            if record.is_to_end and not was_to_end:
                return True
            match action:
                case Say():
                    self._events.say(record, action)
                case KillContainer():
                    self._long_tasks.kill(record, action)
                    acted = True
                case PreStop():
                    self._long_tasks.pre_stop(record, action)
                    acted = True
                case PublishVolumes():
                    acted = True
                    if not await self.mounting.publish(record):
                        break
                case CreateSandbox():
                    acted = True
                    if not await self._sandboxes.create(record, action.attempt):
                        break
                case StartContainer():
                    acted = True
                    if not await self._starts.start(record, action):
                        break
                case ResizeContainer():
                    await self._resizer.resize(record, action)
                    acted = True
                case UnpublishVolumes():
                    acted |= await self.mounting.unpublish(record)
                case DeletePod():
                    acted |= await self._delete(record)
                case _:
                    await self._remove(record, action)
                    acted = True
        return acted

    async def _remove(self, record: PodRecord, action: StopSandbox | RemoveSandbox | RemoveContainer) -> None:
        runtime = self._parts.runtime
        record.stale = True
        match action:
            case StopSandbox():
                await self._parts.calls.run(runtime.stop_pod_sandbox, action.sandbox_id)
            case RemoveSandbox():
                await self._parts.calls.run(runtime.remove_pod_sandbox, action.sandbox_id)
            case RemoveContainer():
                await self._parts.calls.run(runtime.remove_container, action.container_id)

    async def _delete(self, record: PodRecord) -> bool:
        """The last status must be readable before the pod goes. What somebody else has deleted is not this node's."""
        if record.deleted or record.gone:
            return False
        await self._writer.flushed(record.api_uid)
        namespace, name = record.pod.key
        try:
            await self._parts.client.delete(Pod, namespace, name, uid=record.api_uid, grace_period=0)
        except (NotFound, Forbidden):
            record.gone = True
        record.deleted = True
        return True


def _sooner(*seconds: float | None) -> float | None:
    return min((each for each in seconds if each is not None), default=None)
