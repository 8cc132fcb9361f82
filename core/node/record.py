"""The agent's memory of one pod. Changed by its worker alone, on the event loop; read by streams.

Nothing here must survive a restart of the agent: containers are found again by their labels, the rest is learnt anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from sampan.core.contracts.runtime import LABEL_NAMESPACE, LABEL_POD, Container, Sandbox
from sampan.core.contracts.streams import PodRef
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.model.core_v1.pod import Pod, PodStatus
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.decide.back_off import BackOff
from sampan.core.node.decide.conditions import OWN
from sampan.core.node.decide.view import PodView, ProbeResults, Problem, Pull, Rejection
from sampan.core.node.identity import node_uid

TOLD = (
    "observed_generation", "phase", "reason", "message", "host_ip", "host_ips", "pod_ip", "pod_ips", "start_time",
    "init_container_statuses", "container_statuses", "ephemeral_container_statuses",
)  # fmt: skip
"""The members of a pod's status that are the node agent's."""


@attrs.define(kw_only=True, eq=False)
class PodRecord:
    """One pod, from the moment it is bound here until nothing of it is left."""

    pod: Pod
    gone: bool = False
    """The API has it no longer: whatever is left must go."""
    told: PodStatus | None = None
    """The status that was decided last, whether it is written yet or not."""
    first_seen: datetime | None = None
    admitted: bool = False
    rejection: Rejection | None = None
    sandboxes: tuple[Sandbox, ...] = ()
    containers: tuple[Container, ...] = ()
    stale: bool = True
    """The engine has to be asked again."""
    volumes: dict[str, PublishedVolume] | None = None
    volumes_retry_at: datetime | None = None
    sandbox_retry_at: datetime | None = None
    failures: dict[str, int] = attrs.field(factory=dict)
    """How often in a row something failed: a container's name, ``volumes`` or ``sandbox``."""
    problems: dict[str, Problem] = attrs.field(factory=dict)
    retries: dict[str, datetime] = attrs.field(factory=dict)
    waiting: dict[str, Problem] = attrs.field(factory=dict)
    back_offs: dict[str, BackOff] = attrs.field(factory=dict)
    pulls: dict[str, Pull] = attrs.field(factory=dict)
    pull_back_offs: dict[str, BackOff] = attrs.field(factory=dict)
    pulled: dict[str, int] = attrs.field(factory=dict)
    """By container name: the attempt whose image has been pulled."""
    probes: dict[str, ProbeResults] = attrs.field(factory=dict)
    asked: set[str] = attrs.field(factory=set)
    failed_starts: dict[str, tuple[datetime, str]] = attrs.field(factory=dict)
    post_starts: dict[str, asyncio.Task[None]] = attrs.field(factory=dict)
    """By container id: its postStart hook under way."""
    failed_hooks: set[str] = attrs.field(factory=set)
    """Ids of containers whose postStart hook failed."""
    stopping: dict[str, datetime] = attrs.field(factory=dict)
    pre_stops: dict[str, datetime] = attrs.field(factory=dict)
    """By container id: until when a preStop hook that was begun before its container's turn has, or when it was done."""
    ending_since: datetime | None = None
    """When the pod's grace period began."""
    messages: dict[str, str] = attrs.field(factory=dict)
    exits_seen: set[str] = attrs.field(factory=set)
    said: set[str] = attrs.field(factory=set)
    """Warnings that are given once."""
    released: bool = False
    """Its volumes have been given back."""
    deleted: bool = False
    """The API has been told that the pod has ended."""
    tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    """Pulls, hooks and stops under way."""

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
    def is_to_end(self) -> bool:
        """Nothing of it is to be started any more."""
        return self.gone or self.rejection is not None or self.pod.metadata.deletion_timestamp is not None

    def told_by_api(self, pod: Pod) -> None:
        """Take the API's word. A mirror pod that was made anew ends the end of the one before it."""
        if pod.metadata.deletion_timestamp is None and self.pod.metadata.deletion_timestamp is not None:
            self.ending_since, self.deleted = None, False
        self.pod = pod

    def observed(self, sandboxes: Sequence[Sandbox], containers: Sequence[Container]) -> bool:
        """Take the engine's word; returns whether it is news."""
        changed = (tuple(sandboxes), tuple(containers)) != (self.sandboxes, self.containers)
        self.sandboxes, self.containers = tuple(sandboxes), tuple(containers)
        there = {each.id for each in self.containers}
        by_ids: tuple[dict[str, Any], ...] = (
            self.probes, self.failed_starts, self.stopping, self.pre_stops, self.messages,
        )  # fmt: skip
        for by_id in by_ids:
            for container_id in [each for each in by_id if each not in there]:
                del by_id[container_id]
        for container_id in [each for each in self.post_starts if each not in there]:
            self.post_starts.pop(container_id).cancel()
        self.asked &= there
        self.failed_hooks &= there
        self.exits_seen &= there
        return changed

    def view(self, now: datetime, *, node_ip: str, runtime: str) -> PodView:
        return PodView(
            pod=self._pod(now),
            sandboxes=self.sandboxes,
            containers=self.containers,
            volumes_ready=self.volumes is not None,
            released=self.released,
            volumes_retry_at=self.volumes_retry_at,
            sandbox_retry_at=self.sandbox_retry_at,
            problems=self.problems,
            retries=self.retries,
            waiting=self.waiting,
            back_offs=self.back_offs,
            pulls=self.pulls,
            probes=self.probes,
            asked=frozenset(self.asked),
            failed_starts=self.failed_starts,
            post_starts=frozenset(self.post_starts),
            failed_hooks=frozenset(self.failed_hooks),
            stopping=self.stopping,
            pre_stops=self.pre_stops,
            ending_since=self.ending_since,
            messages=self.messages,
            rejection=self.rejection,
            first_seen=self.first_seen,
            node_ip=node_ip,
            runtime=runtime,
        )

    def _pod(self, now: datetime) -> Pod:
        """The pod with what has been decided about its status, which may still be on its way to the API."""
        pod = self.pod
        if self.gone and pod.metadata.deletion_timestamp is None:
            pod = evolve(pod, metadata=evolve(pod.metadata, deletion_timestamp=now))
        if self.told is None or pod.status.phase in ("Succeeded", "Failed"):
            return pod
        told = {name: getattr(self.told, name) for name in TOLD}
        mine = tuple(each for each in self.told.conditions if each.type in OWN)
        others = tuple(each for each in pod.status.conditions if each.type not in OWN)
        return evolve(pod, status=evolve(pod.status, conditions=mine + others, **told))


def orphan(uid: str, sandboxes: Sequence[Sandbox], containers: Sequence[Container], now: datetime) -> PodRecord:
    """What the engine runs for a pod that the API does not have."""
    labels = next(iter([*(each.labels for each in sandboxes), *(each.labels for each in containers)]), {})
    name, namespace = labels.get(LABEL_POD, ""), labels.get(LABEL_NAMESPACE, "")
    pod = Pod(metadata=ObjectMeta(name=name, namespace=namespace, uid=uid, deletion_timestamp=now))
    record = PodRecord(pod=pod, gone=True, admitted=True, first_seen=now)
    record.observed(sandboxes, containers)
    return record
