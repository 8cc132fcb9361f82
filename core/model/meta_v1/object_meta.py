"""``ObjectMeta`` and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sampan.core.model.meta import EMPTY, RawJson, model, wire


@model
class OwnerReference:
    """An object that another one depends on."""

    __map_type__ = "atomic"

    api_version: str = wire(required=True, emit="always")
    """Group and version of the owner's kind, such as ``apps/v1``."""
    kind: str = wire(required=True, emit="always")
    """The owner's kind, such as ``ReplicaSet``."""
    name: str = wire(required=True, emit="always")
    """The owner's name. The owner is in the same namespace, or has none."""
    uid: str = wire(required=True, emit="always")
    """The owner's UID, so that a later object of the same name is not taken for the owner."""
    controller: bool | None = None
    """Whether this owner is the controller that manages the object. At most one owner may be."""
    block_owner_deletion: bool | None = None
    """Whether a foreground deletion of the owner waits until this object is gone. Defaults to false."""


@model
class ManagedFieldsEntry:
    """Fields that one client set, and how."""

    manager: str | None = None
    """The client that set the fields, as it named itself (``fieldManager``, else the start of its user agent)."""
    operation: str | None = None
    """How the fields were set: ``Apply`` (server-side apply) or ``Update`` (every other write)."""
    api_version: str | None = None
    """Group and version in which the fields are named; they are converted when the object is seen in another one."""
    time: datetime | None = None
    """When the entry was made or last gained, changed or lost a field."""
    fields_type: str | None = None
    """The format of the field set. Only ``FieldsV1`` exists."""
    fields_v1: RawJson = wire(default=None, name="fieldsV1", format="fields-v1")
    """The fields themselves: a tree whose keys are ``f:`` with a field's name, or ``k:``,
    ``v:`` and ``i:`` for list items.
    """
    subresource: str | None = None
    """The subresource that the fields were written through (``status``, ``scale``), empty for the object itself."""


@model
class ObjectMeta:
    """What every stored object says of itself besides its content."""

    name: str | None = None
    """Unique among the objects of its kind in the namespace.
    Needed to create an object unless ``generateName`` is given; immutable.
    """
    generate_name: str | None = None
    """A prefix for a name that the server completes with five random characters, used only where ``name`` is empty."""
    namespace: str | None = None
    """The space in which ``name`` is unique. Empty for kinds that have none, otherwise ``default`` if left out;
    immutable.
    """
    self_link: str | None = None
    """No longer filled in: once the object's URL."""
    uid: str | None = None
    """Tells this object from every other one there ever was, even of the same name. Set by the server; read-only."""
    resource_version: str | None = None
    """Changes with every write; sent with an update, it makes one of stale data fail. Set by the server; read-only."""
    generation: int | None = wire(default=None, format="int64", keep_zero=False)
    """Counts the changes of the wanted state (``spec``). Set by the server; read-only."""
    creation_timestamp: datetime | None = None
    """CreationTimestamp is a timestamp: when the server created the object. Read-only."""
    deletion_timestamp: datetime | None = None
    """When the object may go, set once its deletion is asked for; it stays while it has finalizers. Cannot be unset."""
    deletion_grace_period_seconds: int | None = wire(default=None, format="int64")
    """Seconds that the object was given to end, set with ``deletionTimestamp``. It can only be shortened. Read-only."""
    labels: Mapping[str, str] = EMPTY
    """Short keys and values that selectors find the object by. Values have at most 63 characters."""
    annotations: Mapping[str, str] = EMPTY
    """Further keys and values, for tools and people. They cannot be selected by; up to 256 KiB in all."""
    owner_references: tuple[OwnerReference, ...] = wire(
        default=(), list_type="map", map_keys=("uid",), merge_key="uid", patch_strategy=("merge",)
    )
    """The objects that this one depends on. When all of them are gone, it is deleted too."""
    finalizers: tuple[str, ...] = wire(default=(), list_type="set", patch_strategy=("merge",))
    """Names of those who must clean up first. A deleted object stays until each has removed its own entry."""
    managed_fields: tuple[ManagedFieldsEntry, ...] = wire(default=(), list_type="atomic")
    """Which client set which fields, kept by the server for server-side apply. Nothing to edit by hand."""
