"""Revisions of a Deployment: which ReplicaSet is the new one, how it is named, and what its annotations record. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#revision-history-limit
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet, ReplicaSetSpec
from sampan.core.model.core_v1.pod import PodTemplateSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.codec import to_wire
from sampan.plugins.controllers.apps.deployment.sizes import DESIRED, MAX_REPLICAS, born, max_surge, wanted
from sampan.plugins.controllers.ownership import controller_reference

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
HISTORY_LENGTH = 2000
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MAX_REPLICAS,
        "deprecated.deployment.rollback.to",
    }
)
SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no 0, 1, 3: a hash spells nothing and is read aloud without mistakes."""


def template_hash(template: PodTemplateSpec, collisions: int | None) -> str:
    """A short name for a pod template. ``collisions`` makes another one where the first is taken by someone else."""
    text = json.dumps(to_wire(template), sort_keys=True) + (f"#{collisions}" if collisions is not None else "")
    digits = str(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big"))
    return "".join(SAFE_LETTERS[ord(digit) % len(SAFE_LETTERS)] for digit in digits)


def same_template(left: PodTemplateSpec, right: PodTemplateSpec) -> bool:
    """Whether two templates differ in nothing but the hash label."""
    return _without_hash(left) == _without_hash(right)


def _without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    if HASH_LABEL not in template.metadata.labels:
        return template
    labels = {key: value for key, value in template.metadata.labels.items() if key != HASH_LABEL}
    return evolve(template, metadata=evolve(template.metadata, labels=labels))


def find_new(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The oldest ReplicaSet with the Deployment's present template."""
    for replica_set in sorted(replica_sets, key=born):
        if same_template(replica_set.spec.template, deployment.spec.template):
            return replica_set
    return None


def revision(replica_set: ReplicaSet) -> int:
    try:
        return int(replica_set.metadata.annotations.get(REVISION, "0"))
    except ValueError:
        return 0


def next_revision(old: Iterable[ReplicaSet]) -> int:
    return max((revision(replica_set) for replica_set in old), default=0) + 1


def make_new(deployment: Deployment, number: int) -> ReplicaSet:
    """The ReplicaSet of a new template, without any pods yet."""
    template = deployment.spec.template
    hashed = template_hash(template, deployment.status.collision_count)
    labels = {**template.metadata.labels, HASH_LABEL: hashed}
    selector = deployment.spec.selector
    made = ReplicaSet(
        metadata=ObjectMeta(
            name=f"{deployment.metadata.name}-{hashed}",
            namespace=deployment.metadata.namespace,
            labels=labels,
            owner_references=(controller_reference(deployment),),
        ),
        spec=ReplicaSetSpec(
            replicas=0,
            min_ready_seconds=deployment.spec.min_ready_seconds,
            selector=evolve(selector, match_labels={**selector.match_labels, HASH_LABEL: hashed}),
            template=evolve(template, metadata=evolve(template.metadata, labels=labels)),
        ),
    )
    return with_size_notes(with_revision(deployment, made, number), deployment)


def with_revision(deployment: Deployment, replica_set: ReplicaSet, number: int) -> ReplicaSet:
    """Carry the Deployment's annotations and a higher revision over; the revision before goes into the history."""
    present = replica_set.metadata.annotations
    annotations = dict(present)
    annotations.update({key: value for key, value in deployment.metadata.annotations.items() if key not in NOT_COPIED})
    if revision(replica_set) < number:
        annotations[REVISION] = str(number)
        if before := present.get(REVISION):
            annotations[HISTORY] = _longer_history(present.get(HISTORY, ""), before)
    return _annotated(replica_set, annotations)


def _longer_history(history: str, before: str) -> str:
    entries = [*filter(None, history.split(",")), before]
    while len(",".join(entries)) > HISTORY_LENGTH:
        del entries[0]
    return ",".join(entries)


def with_size_notes(replica_set: ReplicaSet, deployment: Deployment) -> ReplicaSet:
    """Note the size of the whole Deployment: proportional scaling compares it with the next one."""
    most = wanted(deployment) + max_surge(deployment)
    notes = {DESIRED: str(wanted(deployment)), MAX_REPLICAS: str(most)}
    return _annotated(replica_set, {**replica_set.metadata.annotations, **notes})


def _annotated(replica_set: ReplicaSet, annotations: dict[str, str]) -> ReplicaSet:
    if annotations == replica_set.metadata.annotations:
        return replica_set
    return evolve(replica_set, metadata=evolve(replica_set.metadata, annotations=annotations))


def too_old(deployment: Deployment, old: Sequence[ReplicaSet]) -> list[ReplicaSet]:
    """Old ReplicaSets beyond ``revisionHistoryLimit`` that are empty and may go, the oldest revisions first."""
    limit = deployment.spec.revision_history_limit
    if limit is None:
        return []
    alive = [replica_set for replica_set in old if replica_set.metadata.deletion_timestamp is None]
    excess = max(len(alive) - limit, 0)
    oldest = sorted(alive, key=lambda replica_set: (revision(replica_set), born(replica_set)))[:excess]
    return [replica_set for replica_set in oldest if _is_empty(replica_set)]


def _is_empty(replica_set: ReplicaSet) -> bool:
    seen = (replica_set.metadata.generation or 0) <= replica_set.status.observed_generation
    return seen and not replica_set.status.replicas and not replica_set.spec.replicas
