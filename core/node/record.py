"""The agent's memory of one pod. Changed by its worker alone, on the event loop; read by streams.

Nothing here must survive a restart of the agent: containers are found again by their labels, the rest is learnt anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from sampan.core.classes import define
from sampan.core.contracts.runtime import Container, Sandbox
from sampan.core.contracts.runtime_config import LABEL_NAMESPACE, LABEL_POD
from sampan.core.contracts.streams import PodRef
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.model.core_v1.phases import FINISHED
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.decide.allocation import allocated_pod
from sampan.core.node.decide.conditions import OWN
from sampan.core.node.decide.memory import NEW_ATTEMPT, NEW_CONTAINER, Allocation, AttemptMemory, ContainerMemory
from sampan.core.node.decide.view import PodView, Rejection, container_name
from sampan.core.node.identity import node_uid

TOLD = (
    "observed_generation", "phase", "reason", "message", "host_ip", "host_ips", "pod_ip", "pod_ips", "start_time",
    "init_container_statuses", "container_statuses", "ephemeral_container_statuses", "allocated_resources", "resources",
)  # fmt: skip
"""The members of a pod's status that are the node agent's."""


@define(kw_only=True, eq=False)
class PodRecord:
    """One pod, from the moment it is bound here until nothing of it is left."""

    pod: Pod
    missing: bool = False
    """The API shows it no longer. Whether it is gone is asked (`sampan.core.node.presence`)."""
    gone: bool = False
    """The API has said that it has it no longer: whatever is left must go."""
    unknown: bool = False
    """This agent has never seen its spec: it only knows that the engine runs something for it."""
    told: PodStatus | None = None
    """The status that was decided last, whether it is written yet or not."""
    first_seen: datetime | None = None
    admitted: bool = False
    rejection: Rejection | None = None
    allocation: Allocation | None = None
    """What it was promised on this node, once it is in."""
    sandboxes: tuple[Sandbox, ...] = ()
    containers: tuple[Container, ...] = ()
    stale: bool = True
    """The engine has to be asked again."""
    volumes: dict[str, PublishedVolume] | None = None
    volumes_retry_at: datetime | None = None
    sandbox_retry_at: datetime | None = None
    failures: dict[str, int] = attrs.field(factory=dict)
    """How often in a row something of the whole pod failed: ``volumes``, ``sandbox`` or ``sync``."""
    memories: dict[str, ContainerMemory] = attrs.field(factory=dict)
    """By container name; changed by `remember` alone."""
    known: dict[str, AttemptMemory] = attrs.field(factory=dict)
    """By container id; changed by `learn` alone."""
    hooks: dict[str, asyncio.Task[None]] = attrs.field(factory=dict)
    """By container id: postStart hooks under way."""
    ending_since: datetime | None = None
    """When the pod's grace period began."""
    said: set[str] = attrs.field(factory=set)
    """Warnings that are given once."""
    released: bool = False
    """Its volumes have been given back."""
    deleted: bool = False
    """The API has been told that the pod has ended."""
    refreshing: asyncio.Task[None] | None = None
    """What has changed is being brought into its volumes."""
    tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    """Pulls, hooks, stops and refreshes under way."""

    @property
    def uid(self) -> str:
        """The node's, which a static pod keeps while its mirror pod is made anew."""
        return node_uid(self.pod)

    @property
    def api_uid(self) -> str:
        return self.pod.metadata.uid or ""

    @property
    def ref(self) -> PodRef:
        meta = self.pod.metadata
        return PodRef(namespace=meta.namespace or "", name=meta.name or "", uid=self.api_uid)

    @property
    def allocated(self) -> Pod:
        """The pod with the resources that it was promised."""
        return allocated_pod(self.pod, self.allocation)

    @property
    def has_run(self) -> bool:
        """This node has let it in before, under this agent or another."""
        return bool(self.containers or self.sandboxes or self.pod.status.start_time is not None)

    @property
    def is_to_end(self) -> bool:
        """Nothing of it is to be started any more."""
        return self.gone or self.rejection is not None or self.pod.metadata.deletion_timestamp is not None

    def told_by_api(self, pod: Pod) -> None:
        """Take the API's word. A mirror pod that was made anew ends the end of the one before it."""
        if pod.metadata.deletion_timestamp is None and self.pod.metadata.deletion_timestamp is not None:
            self.ending_since, self.deleted = None, False
        self.pod, self.missing, self.unknown = pod, False, False

    def observed(self, sandboxes: Sequence[Sandbox], containers: Sequence[Container]) -> bool:
        """Take the engine's word; returns whether it is news."""
        changed = (tuple(sandboxes), tuple(containers)) != (self.sandboxes, self.containers)
        self.sandboxes, self.containers = tuple(sandboxes), tuple(containers)
        there = {each.id for each in self.containers}
        self.known = {container_id: known for container_id, known in self.known.items() if container_id in there}
        for container_id in self.hooks.keys() - there:
            self.hooks.pop(container_id).cancel()
        return changed

    def memory(self, name: str) -> ContainerMemory:
        return self.memories.get(name, NEW_CONTAINER)

    def remember(self, name: str, **changes: Any) -> None:
        """Of a container, by its name."""
        self.memories[name] = attrs.evolve(self.memory(name), **changes)

    def attempt(self, container_id: str) -> AttemptMemory:
        return self.known.get(container_id, NEW_ATTEMPT)

    def learn(self, container_id: str, **changes: Any) -> None:
        """Of an attempt, by its id."""
        self.known[container_id] = attrs.evolve(self.attempt(container_id), **changes)

    def view(self, now: datetime, *, node_ips: tuple[str, ...], runtime: str) -> PodView:
        self._note_ends(now)
        return PodView(
            pod=self._pod(now),
            sandboxes=self.sandboxes,
            containers=self.containers,
            memories=dict(self.memories),
            known=dict(self.known),
            volumes_ready=self.volumes is not None,
            released=self.released,
            volumes_retry_at=self.volumes_retry_at,
            sandbox_retry_at=self.sandbox_retry_at,
            ending_since=self.ending_since,
            rejection=self.rejection,
            first_seen=self.first_seen,
            allocation=self.allocation,
            node_ips=node_ips,
            runtime=runtime,
        )

    def _note_ends(self, now: datetime) -> None:
        """When an end is seen first, the engine's date says how long ago it was, as far as that can be: it has not been
        yet where a clock was set back or is ahead, and not before the start where it is the other way round."""
        for each in self.containers:
            if each.finished_at is not None and self.attempt(each.id).ended_at is None:
                ended = now - max(now - each.finished_at, timedelta(0))
                back_off = self.memory(container_name(each)).back_off
                self.learn(each.id, ended_at=ended if back_off is None else max(ended, back_off.started))

    def _pod(self, now: datetime) -> Pod:
        """The pod with what has been decided about its status, which may still be on its way to the API."""
        pod = self.allocated
        if self.gone and pod.metadata.deletion_timestamp is None:
            pod = evolve(pod, metadata=evolve(pod.metadata, deletion_timestamp=now))
        if self.told is None or pod.status.phase in FINISHED:
            return pod
        told = {name: getattr(self.told, name) for name in TOLD}
        mine = tuple(each for each in self.told.conditions if each.type in OWN)
        others = tuple(each for each in pod.status.conditions if each.type not in OWN)
        return evolve(pod, status=evolve(pod.status, conditions=mine + others, **told))


def orphan(uid: str, sandboxes: Sequence[Sandbox], containers: Sequence[Container], now: datetime) -> PodRecord:
    """What the engine runs for a pod that the API does not show."""
    labels = next(iter([*(each.labels for each in sandboxes), *(each.labels for each in containers)]), {})
    name, namespace = labels.get(LABEL_POD, ""), labels.get(LABEL_NAMESPACE, "")
    pod = Pod(metadata=ObjectMeta(name=name, namespace=namespace, uid=uid, deletion_timestamp=now))
    record = PodRecord(pod=pod, missing=True, unknown=True, admitted=True, first_seen=now)
    record.observed(sandboxes, containers)
    return record
