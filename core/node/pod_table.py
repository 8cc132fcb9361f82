"""The pods of this node: what the API and the engine tell of each, brought together in its record. On the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from sampan.core.contracts.runtime import Container, RuntimeEvent, Sandbox
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.node.identity import MIRROR, node_uid
from sampan.core.node.record import PodRecord, orphan
from sampan.core.reconcile.clock import Clock


class PodTable:
    """``wake`` has a pod looked at. ``static_uids`` tells which static pods this node is to run at this moment."""

    def __init__(
        self, node_name: str, clock: Clock, wake: Callable[[str], None], static_uids: Callable[[], Set[str]]
    ) -> None:
        self._node_name = node_name
        self._clock = clock
        self._wake = wake
        self._static_uids = static_uids
        self._records: dict[str, PodRecord] = {}

    def __iter__(self) -> Iterator[PodRecord]:
        """A copy: pods may come and go meanwhile."""
        return iter(tuple(self._records.values()))

    def get(self, uid: str) -> PodRecord | None:
        """By the node's uid."""
        return self._records.get(uid)

    def find(self, api_uid: str) -> PodRecord | None:
        """By the uid that the API has given."""
        record = self._records.get(api_uid)
        return record or next((each for each in self._records.values() if each.api_uid == api_uid), None)

    def forget(self, uid: str) -> None:
        del self._records[uid]

    def is_expected(self, uid: str) -> bool:
        """It is here, or its manifest says that it will be."""
        return uid in self._records or uid in self._static_uids()

    def others(self, uid: str) -> Iterable[Pod]:
        """Those that this node has let in. After a start of the agent all of them count, whichever it has come to yet."""
        return [
            record.allocated for record in self._records.values()
            if record.uid != uid and (record.admitted or record.has_run) and record.rejection is None and not record.gone
        ]  # fmt: skip

    # What the API tells

    def on_change(self, old: KubeObject | None, new: KubeObject | None) -> None:
        """A pod of the API came, changed or went."""
        is_here = isinstance(new, Pod) and new.spec.node_name == self._node_name
        if isinstance(old, Pod) and not (isinstance(new, Pod) and node_uid(new) == node_uid(old)):
            self._lost(node_uid(old))
        if isinstance(new, Pod) and is_here:
            self.told(new)
            self._wake(node_uid(new))

    def told(self, pod: Pod) -> None:
        """The API's word, from the watch or as the answer to a write, whichever is newer."""
        uid = node_uid(pod)
        is_static = uid in self._static_uids()
        if is_static:
            meta = evolve(pod.metadata, deletion_timestamp=None, deletion_grace_period_seconds=None)
            pod = evolve(pod, metadata=meta)
        record = self._records.get(uid)
        if record is None:
            # What is new to the API is new to the engine, but for a static pod that was there before its mirror pod.
            self._records[uid] = PodRecord(pod=pod, stale=is_static)
        elif revision(pod) >= revision(record.pod):
            record.told_by_api(pod)

    def _lost(self, uid: str) -> None:
        """The API shows a pod no longer; a static pod goes on without, for as long as its manifest is there."""
        record = self._records.get(uid)
        if record is not None and uid not in self._static_uids():
            record.missing = True
            self._wake(uid)

    def look_at_mirrors(self, api: Callable[[str, str], Pod | None]) -> None:
        """Static pods whose manifest went while their mirror pod was being deleted or made anew, by what ``api`` has."""
        for uid, record in list(self._records.items()):
            if MIRROR in record.pod.metadata.annotations and uid not in self._static_uids():
                mirror = api(*record.pod.key)
                if mirror is None or node_uid(mirror) != uid:
                    self._lost(uid)
                elif mirror.metadata.deletion_timestamp != record.pod.metadata.deletion_timestamp:
                    self.on_change(None, mirror)

    # What the engine tells

    def hint(self, event: RuntimeEvent) -> None:
        record = self._records.get(event.uid)
        if record is not None:
            record.stale = True
            self._wake(event.uid)

    def take(self, seen: Mapping[str, tuple[list[Sandbox], list[Container]]]) -> None:
        """Wake the pods for which the engine's word is news, and what belongs to none that the API shows."""
        for uid, (sandboxes, containers) in seen.items():
            record = self._records.get(uid)
            if record is None and uid in self._static_uids():
                continue  # its mirror pod is about to be made
            if record is None:
                self._records[uid] = orphan(uid, sandboxes, containers, self._clock.now())
                self._wake(uid)
            elif not _same(record, sandboxes, containers):
                record.stale = True
                self._wake(uid)
        for uid, record in self._records.items():
            if uid not in seen and (record.sandboxes or record.containers):
                record.stale = True
                self._wake(uid)


def revision(pod: Pod) -> int:
    return int(pod.metadata.resource_version or 0)


def _same(record: PodRecord, sandboxes: list[Sandbox], containers: list[Container]) -> bool:
    def by_id(each: Sandbox | Container) -> str:
        return each.id

    return sorted(record.sandboxes, key=by_id) == sorted(sandboxes, key=by_id) and sorted(
        record.containers, key=by_id
    ) == sorted(containers, key=by_id)
