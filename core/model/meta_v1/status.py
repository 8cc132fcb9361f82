"""Status, DeleteOptions and ListMeta: what requests and answers carry besides objects."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class ShardInfo:
    """Which part of a list this is."""

    selector: str = wire(required=True, emit="always")
    """The shard selector of the request that this list answers."""


@model
class ListMeta:
    """The metadata of a list."""

    self_link: str | None = None
    """No longer filled in: once the list's URL."""
    resource_version: str | None = None
    """The version of the store that the list shows; a watch that starts here misses nothing. Read-only."""
    continue_: str | None = None
    """The token to ask for the next part with, where ``limit`` cut the list short. It expires after some minutes."""
    remaining_item_count: int | None = wire(default=None, format="int64")
    """How many objects follow after this part, as an estimate. Left out for lists with a selector."""
    shard_info: ShardInfo | None = None
    """Which shard of the objects the list covers; left out for a list of all."""


@model
class StatusCause:
    """One thing that was wrong."""

    reason: str | None = None
    """What is wrong, as one word for programs, such as ``FieldValueInvalid``."""
    message: str | None = None
    """What is wrong, in a sentence for people."""
    field: str | None = None
    """The path of the field at fault, such as ``spec.containers[0].image``."""


@model
class StatusDetails:
    """What a failure is about."""

    name: str | None = None
    """The name of the object that the request was about, where it had one."""
    group: str | None = None
    """The API group of the resource that the request was about."""
    kind: str | None = None
    """The resource or kind that the request was about."""
    uid: str | None = None
    """The UID of the object that the request was about, where it is known."""
    causes: tuple[StatusCause, ...] = wire(default=(), list_type="atomic")
    """Everything that was found wrong, each with its field."""
    retry_after_seconds: int = wire(default=0, format="int32")
    """Seconds to wait before the same request is tried again."""


@model
class Status:
    """The answer to a request that returns no object."""

    metadata: ListMeta = wire(default=ListMeta(), emit="always")
    """List metadata; usually empty."""
    status: str | None = None
    """``Success`` or ``Failure``."""
    message: str | None = None
    """What happened, in a sentence for people."""
    reason: str | None = None
    """Why it failed, as one word for programs, such as ``NotFound`` or ``Conflict``. Empty after a success."""
    details: StatusDetails | None = None
    """What the failure was about and all its causes."""
    code: int = wire(default=0, format="int32")
    """The HTTP status code of the answer."""


@model
class Preconditions:
    """What must be true of an object for it to be deleted."""

    uid: str | None = wire(default=None, keep_zero=True)
    """The object is deleted only if it has this UID."""
    resource_version: str | None = wire(default=None, keep_zero=True)
    """The object is deleted only if this is still its ``resourceVersion``."""


@model
class DeleteOptions:
    """How an object is deleted."""

    grace_period_seconds: int | None = wire(default=None, format="int64")
    """Seconds that the object has to end; 0 removes it at once. The kind's own default applies where it is left out."""
    preconditions: Preconditions | None = None
    """What must be true of the object. Otherwise the answer is a conflict (409) and nothing is deleted."""
    orphan_dependents: bool | None = None
    """Older form of ``propagationPolicy``, which replaces it: true is ``Orphan``. Only one of the two may be given."""
    propagation_policy: str | None = wire(default=None, keep_zero=True)
    """What becomes of dependents: ``Background`` deletes them afterwards, ``Foreground``
    before, ``Orphan`` leaves them.
    """
    dry_run: tuple[str, ...] = wire(default=(), list_type="atomic")
    """``All`` checks the deletion without doing it; no other value is allowed."""
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None
    """Delete even an object that the store cannot read any more, skipping finalizers and checks. Dangerous;
    defaults to false.
    """
