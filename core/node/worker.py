"""Works on one pod at a time: look at the engine, decide, tell the API, act; again until there is nothing to do.

Called by the agent's workers on the event loop, never twice at once for one pod. What waits long goes on in
`sampan.core.node.background`, so that a deletion never waits behind it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import orjson

from sampan.core.contracts.runtime import Container, RuntimeFailure, Sandbox
from sampan.core.contracts.volume import VolumeFailure
from sampan.core.errors import NotFound, SampanError
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.node_v1.runtime_class import RuntimeClass
from sampan.core.model.quantity import value
from sampan.core.node.background import Background
from sampan.core.node.config.container_config import container_resources
from sampan.core.node.config.dns import host_dns, pod_dns
from sampan.core.node.config.names import NameTooLong
from sampan.core.node.config.sandbox_config import sandbox_config
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
from sampan.core.node.decide.admission import admit
from sampan.core.node.decide.back_off import next_back_off
from sampan.core.node.decide.eviction import container_limits, disk_volumes, over_disk_limit
from sampan.core.node.decide.memory import StartFailure
from sampan.core.node.decide.plan import plan_pod
from sampan.core.node.decide.unsupported import LIMITS, open_stdins, unsupported_fields
from sampan.core.node.decide.view import Rejection, all_specs, container_name
from sampan.core.node.identity import node_uid
from sampan.core.node.parts import NodeParts
from sampan.core.node.pod_events import PodEvents
from sampan.core.node.pod_volumes import PodVolumes
from sampan.core.node.probes import Prober
from sampan.core.node.record import PodRecord
from sampan.core.node.starter import ContainerStarter, StartInput, StartOutcome
from sampan.core.node.status_writer import StatusWriter
from sampan.core.node.termination_message import termination_message
from sampan.core.schema.codec import to_wire

log = logging.getLogger(__name__)

MOST_ROUNDS = 50
FIRST_RETRY, LONGEST_RETRY = 0.1, 60.0
MOUNT_PATIENCE = 123.0
"""Seconds that a pod's volumes may take to be there, as with the kubelet; a driver that hangs is asked again then."""
HANDLERS = ("runc", "crun")
"""What every engine calls its usual way of running containers."""
RESIZE_RETRY = 30.0
CONFIG_RETRY, LONGEST_CONFIG_RETRY = 1.0, 10.0


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
        self._volumes = volumes
        self._starter = starter
        self._writer = writer
        self._prober = prober
        self._events = PodEvents(parts.recorder)
        self._background = Background(parts, self._events, look_again)
        self._service_env = service_env
        self._node = node
        self._other_pods = other_pods
        self._runtime_name = parts.runtime.info().name
        self._can = parts.runtime.capabilities()

    async def sync(self, record: PodRecord) -> float | None:
        """Bring the pod one step on, as far as it goes now; seconds until something falls due."""
        for _ in range(MOST_ROUNDS):
            if record.stale:
                await self._observe(record)
            await self._admit(record)
            now = self._parts.clock.now()
            view = record.view(now, node_ip=self._parts.settings.ip, runtime=self._runtime_name)
            plan = plan_pod(view, now)
            record.told = plan.status
            for name in record.memories.keys() | plan.waiting.keys():
                record.remember(name, waiting=plan.waiting.get(name))
            if plan.ends and record.ending_since is None:
                record.ending_since = now
            if not record.gone:
                self._writer.put(record.pod, plan.status)
            if not await self._carry_out(record, plan.actions):
                return plan.requeue_after
        raise SampanError(f"the plan for pod {record.pod.metadata.name} does not come to rest")

    # Looking

    async def _observe(self, record: PodRecord) -> None:
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
        self.seen(record)

    def seen(self, record: PodRecord) -> None:
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

    async def _admit(self, record: PodRecord) -> None:
        """The node's own check, once; pods that it has run before are in."""
        if record.admitted:
            return
        pod = record.pod
        known = bool(record.containers or record.sandboxes or pod.status.start_time is not None)
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

    # Acting

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
                    self._background.kill(record, action)
                    acted = True
                case PreStop():
                    self._background.pre_stop(record, action)
                    acted = True
                case PublishVolumes():
                    acted = True
                    if not await self._publish(record):
                        break
                case CreateSandbox():
                    acted = True
                    if not await self._create_sandbox(record, action.attempt):
                        break
                case StartContainer():
                    acted = True
                    if not await self._start(record, action):
                        break
                case ResizeContainer():
                    await self._resize(record, action)
                    acted = True
                case UnpublishVolumes():
                    acted |= await self._unpublish(record)
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

    async def _publish(self, record: PodRecord) -> bool:
        record.released = False
        if not record.pod.spec.volumes:
            record.volumes = {}
            return True
        loop = asyncio.get_running_loop()

        def warn(message: str) -> None:
            loop.call_soon_threadsafe(self._events.warn, record, message)

        try:
            async with asyncio.timeout(MOUNT_PATIENCE):
                record.volumes = await self._parts.volumes.run(self._volumes.publish, record.pod, warn)
        except (VolumeFailure, TimeoutError) as exc:
            delay = self._failed(record, "volumes", FIRST_RETRY, LONGEST_RETRY)
            record.volumes_retry_at = self._parts.clock.now() + timedelta(seconds=delay)
            said = str(exc) or "Unable to attach or mount volumes: timed out waiting for the condition"
            self._events.say(record, Say("FailedMount", said, "Warning"))
            return False
        record.failures.pop("volumes", None)
        return True

    async def refresh_volumes(self, record: PodRecord) -> None:
        """Bring changed ConfigMaps and the like into a running pod."""
        if record.volumes and not record.gone:
            try:
                await self._parts.volumes.run(self._volumes.refresh, record.pod, lambda _: None)
            except VolumeFailure as exc:
                self._events.say(record, Say("FailedMount", str(exc), "Warning"))
            except Exception:
                # A driver that breaks over one pod must not keep the others from what has changed.
                log.exception("the volumes of pod %s/%s are not refreshed", *record.pod.key)

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

    async def _unpublish(self, record: PodRecord) -> bool:
        if record.released:
            return False
        await self._parts.volumes.run(self._volumes.unpublish, record.uid)
        record.volumes, record.released = None, True
        return True

    async def _create_sandbox(self, record: PodRecord, attempt: int) -> bool:
        settings = self._parts.settings
        dns = pod_dns(record.pod, host_dns(), settings.cluster_dns)
        try:
            await self._check_handler(record.pod)
            config = sandbox_config(record.pod, attempt, dns, settings.cluster, settings.name)
            sandbox = await self._parts.calls.run(self._parts.runtime.run_pod_sandbox, config)
        except (RuntimeFailure, NameTooLong, NotFound) as exc:
            delay = self._failed(record, "sandbox", CONFIG_RETRY, LONGEST_RETRY)
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

    async def _start(self, record: PodRecord, action: StartContainer) -> bool:
        """False: the containers after it wait, for its postStart hook (as in the kubelet) or as the pod is to end."""
        spec = next(each for each in all_specs(record.pod) if each.name == action.name)
        home = max(record.sandboxes, key=lambda each: each.attempt, default=None)
        if home is None:
            return True
        given = StartInput(
            pod=record.pod,
            container=spec,
            attempt=action.attempt,
            sandbox=home,
            volumes=record.volumes or {},
            services=self._service_env(record.pod),
            is_wanted=lambda: not record.is_to_end,
            pulled=record.memory(spec.name).pulled == action.attempt,
            offline=self._background.is_offline(spec.image or ""),
        )
        outcome = await self._parts.calls.run(self._starter.start, given)
        record.stale = True
        for said in outcome.said:
            self._events.say(record, said)
        if outcome.needs_pull:
            self._background.pull(record, spec, action.attempt)
            return True
        if outcome.dropped:
            return False
        self._started(record, spec, action, outcome)
        hook = spec.lifecycle.post_start if spec.lifecycle is not None else None
        if hook is None or outcome.problem is not None:
            return True
        self._background.post_start(record, spec, outcome.container_id, hook)
        return False

    def _started(self, record: PodRecord, spec: ContainerSpec, action: StartContainer, outcome: StartOutcome) -> None:
        """Write down how a start went."""
        name, now = action.name, self._parts.clock.now()
        memory = record.memory(name)
        if outcome.asked:
            record.learn(outcome.container_id, asked=True, resources=spec.resources)
            if action.restart:
                ends = [each.finished_at for each in record.containers if container_name(each) == name]
                ended = max((each for each in ends if each is not None), default=now)
                record.remember(name, back_off=next_back_off(memory.back_off, now, ended))
        if outcome.start_failure:
            record.learn(outcome.container_id, start_failure=StartFailure(now, outcome.start_failure))
        record.remember(name, pulled=None, problem=outcome.problem)
        if outcome.problem is None:
            record.remember(name, retry_at=None, failures=0)
        elif not outcome.asked:
            delay = growing(memory.failures, CONFIG_RETRY, LONGEST_CONFIG_RETRY)
            record.remember(name, failures=memory.failures + 1, retry_at=now + timedelta(seconds=delay))

    async def _resize(self, record: PodRecord, action: ResizeContainer) -> None:
        spec = next(each for each in all_specs(record.pod) if each.name == action.name)
        memory = value(self._node().status.allocatable.get("memory", "0"))
        resources = container_resources(record.pod, spec, memory)
        told = orjson.dumps({"containers": [{"name": spec.name, "resources": to_wire(spec.resources)}]}).decode()
        try:
            await self._parts.calls.run(self._parts.runtime.update_container, action.container_id, resources)
        except SampanError as exc:
            retry = self._parts.clock.now() + timedelta(seconds=RESIZE_RETRY)
            record.learn(action.container_id, resize_retry_at=retry)
            self._events.say(record, Say("ResizeError", f"Pod resize error: {exc}", "Warning"))
            return
        record.learn(action.container_id, resources=spec.resources, resize_retry_at=None)
        self._events.say(record, Say("ResizeCompleted", f"Pod resize completed: {told}"))

    async def _delete(self, record: PodRecord) -> bool:
        """The last status must be readable before the pod goes."""
        if record.deleted or record.gone:
            return False
        await self._writer.flushed(record.api_uid)
        namespace, name = record.pod.key
        try:
            await self._parts.client.delete(Pod, namespace, name, uid=record.api_uid, grace_period=0)
        except NotFound:
            record.gone = True
        record.deleted = True
        return True

    # Counting

    def _failed(self, record: PodRecord, what: str, first: float, longest: float) -> float:
        """Count a failure; seconds until it is tried again."""
        failures = record.failures.get(what, 0)
        record.failures[what] = failures + 1
        return growing(failures, first, longest)


def growing(failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures: twice as long each time."""
    return min(first * 2.0 ** min(failures, 20), longest)
