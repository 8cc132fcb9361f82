"""Status, DeleteOptions and ListMeta: what requests and answers carry besides objects."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class ShardInfo:
    """Which part of a list this is."""

    selector: str = wire(required=True, emit="always")


@model
class ListMeta:
    """The metadata of a list."""

    self_link: str | None = None
    resource_version: str | None = None
    continue_: str | None = None
    remaining_item_count: int | None = wire(default=None, format="int64")
    shard_info: ShardInfo | None = None


@model
class StatusCause:
    """One thing that was wrong."""

    reason: str | None = None
    message: str | None = None
    field: str | None = None


@model
class StatusDetails:
    """What a failure is about."""

    name: str | None = None
    group: str | None = None
    kind: str | None = None
    uid: str | None = None
    causes: tuple[StatusCause, ...] = wire(default=(), list_type="atomic")
    retry_after_seconds: int = wire(default=0, format="int32")


@model
class Status:
    """The answer to a request that returns no object."""

    metadata: ListMeta = wire(default=ListMeta(), emit="always")
    status: str | None = None
    message: str | None = None
    reason: str | None = None
    details: StatusDetails | None = None
    code: int = wire(default=0, format="int32")


@model
class Preconditions:
    """What must be true of an object for it to be deleted."""

    uid: str | None = wire(default=None, keep_zero=True)
    resource_version: str | None = wire(default=None, keep_zero=True)


@model
class DeleteOptions:
    """How an object is deleted."""

    grace_period_seconds: int | None = wire(default=None, format="int64")
    preconditions: Preconditions | None = None
    orphan_dependents: bool | None = None
    propagation_policy: str | None = wire(default=None, keep_zero=True)
    dry_run: tuple[str, ...] = wire(default=(), list_type="atomic")
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None
