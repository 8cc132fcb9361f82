"""The history of a template as ControllerRevisions: which is the present one, and which may be forgotten. Pure.

Shared by the controllers whose pods carry the hash of the revision that they were made from.
https://kubernetes.io/docs/tasks/manage-daemon/rollback-daemon-set/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.contracts.plan import Action, Create, Delete, Update
from sampan.core.model.apps_v1.controller_revision import ControllerRevision
from sampan.core.model.core_v1.pod import Pod, PodTemplateSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.schema.codec import from_wire, to_wire
from sampan.plugins.controllers.apps.deployment.revisions import template_hash
from sampan.plugins.controllers.ownership import controller_reference

HASH: Final = "controller-revision-hash"
"""The label by which a pod tells what it was made from."""


@frozen
class Present:
    """The revision of the template as it is, and the writes that make it so."""

    revision: ControllerRevision
    actions: tuple[Action, ...]

    @property
    def hash(self) -> str:
        return self.revision.metadata.labels.get(HASH, "")

    @property
    def name(self) -> str:
        return self.revision.metadata.name or ""


def present(
    owner: KubeObject,
    template: PodTemplateSpec,
    revisions: Sequence[ControllerRevision],
    collisions: int | None,
    label: str = HASH,
) -> Present:
    """A template that comes back gets its old revision, as the newest. ``label``: of the revision, for its hash."""
    data = _data(template)
    latest = max((each.revision for each in revisions), default=0)
    same = [each for each in revisions if each.data == data]
    if not same:
        made = _made(owner, template, data, {label: template_hash(template, collisions)}, latest + 1)
        return Present(made, (Create(obj=made, ignore_exists=True),))
    found = max(same, key=lambda each: each.revision)
    if found.revision == latest:
        return Present(found, ())
    found = evolve(found, revision=latest + 1)
    return Present(found, (Update(obj=found),))


def forgotten(
    revisions: Iterable[ControllerRevision], kept: Iterable[ControllerRevision], pods: Iterable[Pod], limit: int | None
) -> tuple[Action, ...]:
    """Revisions that no pod is of, beyond what the history keeps, the oldest first. ``kept`` stay."""
    alive = {pod.metadata.labels.get(HASH) for pod in pods}
    stay = {each.key for each in kept}
    old = sorted(
        (
            each
            for each in revisions
            if each.key not in stay and not alive & {each.metadata.name, each.metadata.labels.get(HASH)}
        ),
        key=lambda each: each.revision,
    )
    surplus = len(old) - (10 if limit is None else limit)
    return tuple(
        Delete(kind=ControllerRevision, namespace=each.key[0], name=each.key[1], uid=each.metadata.uid)
        for each in old[: max(surplus, 0)]
    )


def _data(template: PodTemplateSpec) -> Mapping[str, Any]:
    return {"spec": {"template": {**to_wire(template), "$patch": "replace"}}}


def template_of(revision: ControllerRevision) -> PodTemplateSpec:
    """The template that a revision is of."""
    template = {key: value for key, value in revision.data["spec"]["template"].items() if key != "$patch"}
    return from_wire(PodTemplateSpec, template)


def _made(
    owner: KubeObject, template: PodTemplateSpec, data: Mapping[str, Any], hashed: Mapping[str, str], number: int
) -> ControllerRevision:
    metadata = ObjectMeta(
        name=f"{owner.metadata.name}-{''.join(hashed.values())}",
        namespace=owner.metadata.namespace,
        labels={**template.metadata.labels, **hashed},
        annotations=owner.metadata.annotations,
        owner_references=(controller_reference(owner),),
    )
    return ControllerRevision(metadata=metadata, data=data, revision=number)
