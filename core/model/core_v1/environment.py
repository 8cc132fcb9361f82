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
    """A field of the pod, such as its name, labels or address."""
    resource_field_ref: ResourceFieldSelector | None = None
    """A request or limit of one of the pod's containers."""
    config_map_key_ref: ConfigMapKeySelector | None = None
    """A key of a ConfigMap in the pod's namespace."""
    secret_key_ref: SecretKeySelector | None = None
    """A key of a Secret in the pod's namespace."""
    file_key_ref: FileKeySelector | None = None
    """A variable from an environment file that an init container wrote."""


@model
class EnvVar:
    """One environment variable."""

    name: str = wire(required=True, emit="always")
    """The variable's name: any printable ASCII characters but ``=``."""
    value: str | None = None
    """The variable's value. ``$(NAME)`` stands for a variable above it, ``$$(NAME)`` for itself.
    Defaults to the empty text.
    """
    value_from: EnvVarSource | None = None
    """Where the value comes from. Not together with ``value``."""


@model
class ConfigMapEnvSource:
    """Every key of a ConfigMap as a variable."""

    name: str | None = None
    """The ConfigMap's name."""
    optional: bool | None = None
    """Whether the container may start without the ConfigMap. Defaults to false."""


@model
class SecretEnvSource:
    """Every key of a Secret as a variable."""

    name: str | None = None
    """The Secret's name."""
    optional: bool | None = None
    """Whether the container may start without the Secret. Defaults to false."""


@model
class EnvFromSource:
    """Many variables at once, each with ``prefix`` before its name."""

    prefix: str | None = None
    """Text put before each key to make the variable's name. Defaults to nothing."""
    config_map_ref: ConfigMapEnvSource | None = None
    """The ConfigMap whose keys become variables."""
    secret_ref: SecretEnvSource | None = None
    """The Secret whose keys become variables."""
