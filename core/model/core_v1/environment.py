"""Where a container's environment variables come from."""

from __future__ import annotations

from sampan.core.model.core_v1.references import (
    ConfigMapKeySelector,
    FileKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)
from sampan.core.model.meta import model, wire


@model
class EnvVarSource:
    """Where the value of a variable comes from: exactly one of these."""

    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    config_map_key_ref: ConfigMapKeySelector | None = None
    secret_key_ref: SecretKeySelector | None = None
    file_key_ref: FileKeySelector | None = None


@model
class EnvVar:
    """One environment variable."""

    name: str = wire(required=True, emit="always")
    value: str | None = None
    value_from: EnvVarSource | None = None


@model
class ConfigMapEnvSource:
    """Every key of a ConfigMap as a variable."""

    name: str | None = None
    optional: bool | None = None


@model
class SecretEnvSource:
    """Every key of a Secret as a variable."""

    name: str | None = None
    optional: bool | None = None


@model
class EnvFromSource:
    """Many variables at once, each with ``prefix`` before its name."""

    prefix: str | None = None
    config_map_ref: ConfigMapEnvSource | None = None
    secret_ref: SecretEnvSource | None = None
