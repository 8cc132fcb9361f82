"""The node agent: follows the pods that are bound to its node and has a worker bring each to where it should be.

Started and stopped by whoever runs a node, on the event loop. The engine's events wake it; once a minute it asks the engine
for everything, in case an event was lost. With nothing to do it costs a Lease every ten seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Set
from typing import Any

import attrs

from sampan.core.client.protocol import Client
from sampan.core.contracts.runtime import Runtime
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.contracts.volume import VolumeDriver, VolumeFailure
from sampan.core.errors import SampanError
from sampan.core.loops import run_for_ever
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.service import Service
from sampan.core.node.config.service_env import service_env
from sampan.core.node.decide.eviction import has_disk_limits
from sampan.core.node.engine_feed import EngineFeed
from sampan.core.node.front import NodeFront
from sampan.core.node.getter import Getter
from sampan.core.node.heartbeat import Heartbeat
from sampan.core.node.machine.settings import NodeSettings
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_table import PodTable
from sampan.core.node.pod_tokens import PodTokens
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.node.probes import Prober
from sampan.core.node.record import PodRecord
from sampan.core.node.retries import count_failure
from sampan.core.node.starter import ContainerStarter
from sampan.core.node.status_writer import StatusWriter
from sampan.core.node.worker import PodWorker
from sampan.core.plugins import Plugins
from sampan.core.reconcile.clock import Clock, RealClock
from sampan.core.reconcile.events import EventRecorder
from sampan.core.reconcile.informer import Informer
from sampan.core.reconcile.lister import InformerSet
from sampan.core.reconcile.queue import ShutDown, WorkQueue

log = logging.getLogger(__name__)

WORKERS = 16
"""Pods that are worked on side by side; as many as `NodeParts.calls` has room for."""
RELIST_EVERY = 60.0
LIMITS_EVERY = 10.0
FIRST_RETRY, LONGEST_RETRY = 0.1, 30.0
"""Seconds. Longer than the queue's own first delay, and never so long that an engine's return goes unnoticed."""


class NodeAgent:
    """One node. ``runtime`` must have been started; it is closed by whoever made it.

    ``informers`` are shared with others in the process (Services are read from them); without them the agent has its own.
    ``static_uids`` tells which static pods this node is to run at this moment, by `node_uid`.
    """

    def __init__(
        self,
        settings: NodeSettings,
        client: Client,
        runtime: Runtime,
        drivers: Mapping[str, VolumeDriver],
        *,
        clock: Clock | None = None,
        plugins: Plugins | None = None,
        informers: InformerSet | None = None,
        directory: NodeDirectory | None = None,
        static_uids: Callable[[], Set[str]] = frozenset,
        leaves_pods: bool = False,
    ) -> None:
        """``leaves_pods``: it looks after its node alone; somebody else says what becomes of the pods."""
        clock = clock or RealClock()
        settings = with_addresses(settings)
        recorder = EventRecorder(client, clock, "kubelet", settings.name)
        self.parts = NodeParts(
            settings=settings,
            client=client,
            runtime=runtime,
            drivers=drivers,
            recorder=recorder,
            clock=clock,
            plugins=plugins,
        )
        self._informers = informers or InformerSet(client, clock)
        self._owns_informers = informers is None
        self._services = self._informers.informer(Service)
        self._pods: Informer[Pod] = Informer(client, Pod, clock, field_selector=f"spec.nodeName={settings.name}")
        self._directory = directory
        self._leaves_pods = leaves_pods
        self._heartbeat = Heartbeat(self.parts)
        self._queue: WorkQueue[str] = WorkQueue(clock)
        self._table = PodTable(settings.name, clock, self._queue.add, static_uids)
        self._prober = Prober(self.parts, self._queue.add)
        self._writer = StatusWriter(client, clock, self._table.told)
        self._tasks: list[asyncio.Task[None]] = []
        self._relist_wanted = asyncio.Event()
        self._feed = EngineFeed(self.parts, self._table.hint, self._relist_wanted.set)
        self._worker: PodWorker | None = None
        self._volumes: PodVolumes | None = None
        self._tokens: PodTokens | None = None
        self.streams = NodeFront(self.parts, self._table.find, lambda: self._table)

    @property
    def node(self) -> Node:
        return self._heartbeat.node

    async def start(self) -> None:
        """Register the node, adopt what runs, and begin. Returns when the node is Ready and its pods are known."""
        await self._heartbeat.register()
        loop = asyncio.get_running_loop()
        self._tokens = PodTokens(self.parts.client, self.parts.clock, loop)
        settings = attrs.evolve(self.parts.settings, pod_token=self.parts.settings.pod_token or self._tokens)
        self._volumes = PodVolumes(settings, self.parts.drivers, self._getter(loop), self._allocatable())
        self._worker = PodWorker(
            self.parts,
            volumes=self._volumes,
            starter=ContainerStarter(self.parts, self._getter(loop), self._allocatable()),
            writer=self._writer,
            prober=self._prober,
            service_env=self._service_env,
            node=lambda: self._heartbeat.node,
            other_pods=self._table.others,
            look_again=self._queue.add,
        )
        seen = await self._feed.list()
        self._feed.start()
        if self._owns_informers:
            await self._informers.start()
        self._spawn(self._pods.run(), "informer pods of this node")
        await self._pods.synced.wait()
        await self._services.synced.wait()
        if not self._leaves_pods:
            self._pods.subscribe(self._table.on_change)
        self._table.take(seen)
        await self._clear_left_over()
        self._heartbeat.start()
        if self._directory is not None:
            self._directory.enter(self.parts.settings.name, self.streams)
        for number in range(WORKERS):
            self._spawn(self._work(), f"pod worker {number}")
        for name, turn in (("relist", self._relist), ("volume limits", self._watch_limits)):
            self._spawn(run_for_ever(turn, name, self.parts.clock.sleep), name)

    async def stop(self) -> None:
        """Let go: pods go on. No task is left behind."""
        self._feed.stop()
        if self._directory is not None:
            self._directory.leave(self.parts.settings.name)
        self._queue.shut_down()
        await self._heartbeat.stop()
        await self._prober.stop()
        tasks = [*self._tasks, *(task for record in self._table for task in record.tasks)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._writer.stop()
        await self.parts.recorder.close()
        if self._owns_informers:
            await self._informers.stop()

    async def settled(self) -> None:
        """Wait until no pod has anything to do at this moment. For tests."""
        while self._queue.busy or any(record.tasks for record in self._table):
            await self._queue.idle()
            tasks = [task for record in self._table for task in record.tasks]
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for record in self._table:
            await self._writer.flushed(record.api_uid)
        await self.parts.recorder.flushed()

    # What happens

    async def _relist(self) -> None:
        """Once a minute, or when it is wanted."""
        timer = self.parts.clock.call_later(RELIST_EVERY, self._relist_wanted.set)
        await self._relist_wanted.wait()
        self._relist_wanted.clear()
        timer.cancel()
        self._table.take(await self._feed.list())
        self._table.look_at_mirrors(self._pods.get)
        if self._tokens is not None:
            self._tokens.keep_only({record.pod.metadata.uid or "" for record in self._table})
        for record in self._table:
            self._refresh(record)

    def _refresh(self, record: PodRecord) -> None:
        """Side by side, and a pod's not before its last one has ended: a driver that hangs holds up nobody else."""
        if self._worker is None or record.refreshing is not None or not record.volumes:
            return
        record.refreshing = asyncio.create_task(self._worker.mounting.refresh(record), name="volumes of a pod")

        def ended(task: asyncio.Task[None]) -> None:
            record.refreshing = None
            record.tasks.discard(task)

        record.tasks.add(record.refreshing)
        record.refreshing.add_done_callback(ended)

    async def _watch_limits(self) -> None:
        """Evict pods that take more of the disk than they may; looks at those that have a limit."""
        assert self._worker is not None
        await self.parts.clock.sleep(LIMITS_EVERY)
        for record in [each for each in self._table if has_disk_limits(each.pod)]:
            if await self._worker.disk_limits.is_over_limit(record):
                self._queue.add(record.uid)

    async def _clear_left_over(self) -> None:
        """Folders of pods that went while nobody looked."""
        assert self._volumes is not None
        for uid in await self.parts.calls.run(self._volumes.left_over):
            if not self._table.is_expected(uid):
                try:
                    await self.parts.calls.run(self._volumes.unpublish, uid)
                except VolumeFailure as exc:
                    log.warning("the volumes of a pod that is gone stay: %s", exc)

    # Working

    async def _work(self) -> None:
        while True:
            try:
                uid = await self._queue.get()
            except ShutDown:
                return
            try:
                await self._look_at(uid)
            finally:
                self._queue.done(uid)

    async def _look_at(self, uid: str) -> None:
        record, worker = self._table.get(uid), self._worker
        if record is None or worker is None:
            return
        try:
            due = await worker.sync(record)
        except SampanError as exc:
            log.warning("pod %s/%s (again in %.1f s): %s", *record.pod.key, self._try_again(record), exc)
            return
        except Exception:
            log.exception("the work on pod %s/%s broke (again in %.1f s)", *record.pod.key, self._try_again(record))
            return
        record.failures.pop("sync", None)
        if record.gone and not record.sandboxes and not record.containers:
            self._prober.forget(uid)
            for task in record.tasks:
                task.cancel()
            self._table.forget(uid)
        elif due is not None:
            self._queue.add_after(uid, max(due, 0.001))

    def _try_again(self, record: PodRecord) -> float:
        """Ask the engine anew and look at the pod again, later each time; seconds until then."""
        record.stale = True
        delay = count_failure(record, "sync", FIRST_RETRY, LONGEST_RETRY)
        self._queue.add_after(record.uid, delay)
        return delay

    # What the parts ask for

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _getter(self, loop: asyncio.AbstractEventLoop) -> Getter:
        return Getter(self.parts.client, loop)

    def _allocatable(self) -> Mapping[str, str]:
        return self._heartbeat.node.status.allocatable

    def _service_env(self, pod: Pod) -> Mapping[str, str]:
        links = pod.spec.enable_service_links is not False
        return service_env(self._services.all(), pod.metadata.namespace or "", links=links)


def with_addresses(settings: NodeSettings) -> NodeSettings:
    own = (settings.machine.ips.get(each, "") for each in settings.families)
    return settings if settings.ips else attrs.evolve(settings, ips=tuple(filter(None, own)))
