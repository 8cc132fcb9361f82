"""References from one object to another, and to keys of ConfigMaps and Secrets."""

from __future__ import annotations

from sampan.core.model.meta import Quantity, model, wire


@model
class ObjectReference:
    """Points at an object, or at a part of one."""

    __map_type__ = "atomic"

    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None
    api_version: str | None = None
    resource_version: str | None = None
    field_path: str | None = None


@model
class LocalObjectReference:
    """An object of the same namespace, by name."""

    __map_type__ = "atomic"

    name: str | None = None


@model
class TypedLocalObjectReference:
    """An object of the same namespace, of any kind."""

    __map_type__ = "atomic"

    api_group: str | None = wire(default=None, keep_zero=True)
    kind: str = wire(required=True, emit="always")
    name: str = wire(required=True, emit="always")


@model
class TypedObjectReference:
    """An object of any kind, perhaps in another namespace."""

    api_group: str | None = wire(default=None, keep_zero=True)
    kind: str = wire(required=True, emit="always")
    name: str = wire(required=True, emit="always")
    namespace: str | None = wire(default=None, keep_zero=True)


@model
class ConfigMapKeySelector:
    """One key of a ConfigMap."""

    __map_type__ = "atomic"

    name: str | None = None
    key: str = wire(required=True, emit="always")
    optional: bool | None = None


@model
class SecretKeySelector:
    """One key of a Secret."""

    __map_type__ = "atomic"

    name: str | None = None
    key: str = wire(required=True, emit="always")
    optional: bool | None = None


@model
class FileKeySelector:
    """One key of an environment file in a volume."""

    __map_type__ = "atomic"

    volume_name: str = wire(required=True, emit="always")
    path: str = wire(required=True, emit="always")
    key: str = wire(required=True, emit="always")
    optional: bool | None = wire(default=None, api_default=False)


@model
class ObjectFieldSelector:
    """A field of the pod itself (the downward API)."""

    __map_type__ = "atomic"

    api_version: str | None = wire(default=None, api_default="v1")
    field_path: str = wire(required=True, emit="always")


@model
class ResourceFieldSelector:
    """A container's request or limit, counted in ``divisor``s."""

    __map_type__ = "atomic"

    container_name: str | None = None
    resource: str = wire(required=True, emit="always")
    divisor: Quantity | None = wire(default=None, api_default="0")
