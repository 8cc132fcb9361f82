"""References from one object to another, and to keys of ConfigMaps and Secrets."""

from __future__ import annotations

from sampan.core.model.meta import Quantity, model, wire


@model
class ObjectReference:
    """Points at an object, or at a part of one."""

    __map_type__ = "atomic"

    kind: str | None = None
    """The object's kind, such as ``Pod``."""
    namespace: str | None = None
    """The object's namespace. Empty for kinds that have none."""
    name: str | None = None
    """The object's name."""
    uid: str | None = None
    """The object's UID, where this very object is meant."""
    api_version: str | None = None
    """Group and version of the object's kind, such as ``apps/v1``."""
    resource_version: str | None = None
    """The object's version that is meant, where it matters."""
    field_path: str | None = None
    """The part of the object that is meant, such as ``spec.containers{web}``. Empty for all of it."""


@model
class LocalObjectReference:
    """An object of the same namespace, by name."""

    __map_type__ = "atomic"

    name: str | None = wire(default=None, api_default="", keep_zero=False)
    """The object's name. Its kind follows from where this stands."""


@model
class TypedLocalObjectReference:
    """An object of the same namespace, of any kind."""

    __map_type__ = "atomic"

    api_group: str | None = wire(default=None, keep_zero=True, emit="null")
    """The API group of the object's kind. Empty for the core group."""
    kind: str = wire(required=True, emit="always")
    """The object's kind."""
    name: str = wire(required=True, emit="always")
    """The object's name."""


@model
class TypedObjectReference:
    """An object of any kind, perhaps in another namespace."""

    api_group: str | None = wire(default=None, keep_zero=True, emit="null")
    """The API group of the object's kind. Empty for the core group."""
    kind: str = wire(required=True, emit="always")
    """The object's kind."""
    name: str = wire(required=True, emit="always")
    """The object's name."""
    namespace: str | None = wire(default=None, keep_zero=True)
    """The object's namespace. Another than one's own needs a ReferenceGrant there."""


@model
class ConfigMapKeySelector:
    """One key of a ConfigMap."""

    __map_type__ = "atomic"

    name: str | None = None
    """The ConfigMap's name, in the pod's namespace."""
    key: str = wire(required=True, emit="always")
    """The key whose value is taken."""
    optional: bool | None = None
    """Whether the container may start without the ConfigMap or the key. Defaults to false."""


@model
class SecretKeySelector:
    """One key of a Secret."""

    __map_type__ = "atomic"

    name: str | None = None
    """The Secret's name, in the pod's namespace."""
    key: str = wire(required=True, emit="always")
    """The key whose value is taken."""
    optional: bool | None = None
    """Whether the container may start without the Secret or the key. Defaults to false."""


@model
class FileKeySelector:
    """One key of an environment file in a volume."""

    __map_type__ = "atomic"

    volume_name: str = wire(required=True, emit="always")
    """The pod's volume that has the file; the container need not mount it."""
    path: str = wire(required=True, emit="always")
    """The file's path in the volume. Relative, and without ``..``."""
    key: str = wire(required=True, emit="always")
    """The variable's name in the file, at most 128 characters."""
    optional: bool | None = wire(default=None, api_default=False)
    """Whether the container may start without the file or the key. Defaults to false."""


@model
class ObjectFieldSelector:
    """A field of the pod itself (the downward API)."""

    __map_type__ = "atomic"

    api_version: str | None = wire(default=None, api_default="v1")
    """The version in which ``fieldPath`` is written. Defaults to ``v1``."""
    field_path: str = wire(required=True, emit="always")
    """The field's path, such as ``metadata.name`` or ``status.podIP``."""


@model
class ResourceFieldSelector:
    """A container's request or limit, counted in ``divisor``s."""

    __map_type__ = "atomic"

    container_name: str | None = None
    """The container whose resources are meant. Needed in volumes;
    variables are about their own container by default.
    """
    resource: str = wire(required=True, emit="always")
    """The request or limit, such as ``limits.cpu`` or ``requests.memory``."""
    divisor: Quantity | None = wire(default=None, api_default="0")
    """The unit to count in, such as ``1Mi``; the result is rounded up. Defaults to 1."""
