"""A container's environment, from everywhere that a pod spec can name.

Called in a worker thread while a container is made; ``get`` reads ConfigMaps and Secrets. What is missing and not optional
keeps the container from being made: `ContainerConfigProblem`, which becomes ``CreateContainerConfigError``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.volume import PublishedVolume
from sampan.core.errors import Permanent, SampanError
from sampan.core.model.core_v1.configuration import ConfigMap, Secret
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.environment import EnvFromSource, EnvVarSource
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.references import FileKeySelector
from sampan.core.model.kinds import KubeObject
from sampan.core.node.config.env_file import UnreadableFile, read_variable
from sampan.core.node.config.expansion import expand
from sampan.core.node.config.fields import field_value, resource_value

Get = Callable[[type[KubeObject], str, str], KubeObject | None]
"""(kind, namespace, name) → the object, or ``None``."""


class ContainerConfigProblem(SampanError):
    """The container cannot be configured: the message says what is missing."""


@frozen(kw_only=True)
class EnvironmentInput:
    pod: Pod
    """With the addresses that its sandbox has."""
    container: Container
    services: Mapping[str, str]
    """See `sampan.core.node.config.service_env`."""
    allocatable: Mapping[str, str]
    get: Get
    volumes: Mapping[str, PublishedVolume] = attrs.field(factory=dict)
    """The pod's, by name."""


def environment(given: EnvironmentInput) -> dict[str, str]:
    """Variables in order: ``envFrom``, ``env`` (which may refer to those before), then Services where not set."""
    env: dict[str, str] = {}
    for source in given.container.env_from:
        env |= _from_source(given, source)
    for variable in given.container.env:
        if variable.value_from is not None:
            value = _from_reference(given, variable.value_from)
            if value is None:
                continue
        else:
            value = expand(variable.value or "", {**given.services, **env})
        env[variable.name] = value
    for name, value in given.services.items():
        env.setdefault(name, value)
    return env


def _from_source(given: EnvironmentInput, source: EnvFromSource) -> dict[str, str]:
    data: Mapping[str, str] = {}
    if (config := source.config_map_ref) is not None:
        found = _config_map(given, config.name or "", bool(config.optional))
        data = found.data if found else {}
    elif (secret := source.secret_ref) is not None:
        kept = _secret(given, secret.name or "", bool(secret.optional))
        data = _texts(kept.data.items()) if kept else {}
    prefix = source.prefix or ""
    return {f"{prefix}{key}": value for key, value in data.items() if "=" not in key}


def _texts(items: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {key: value.decode(errors="surrogateescape") for key, value in items}


def _from_reference(given: EnvironmentInput, source: EnvVarSource) -> str | None:
    """``None`` where an optional key is missing: the variable is left out."""
    try:
        if source.field_ref is not None:
            return field_value(given.pod, source.field_ref.field_path)
        if source.resource_field_ref is not None:
            return resource_value(given.pod, source.resource_field_ref, given.allocatable, given.container)
    except Permanent as exc:
        raise ContainerConfigProblem(str(exc)) from exc
    if (key := source.config_map_key_ref) is not None:
        found = _config_map(given, key.name or "", bool(key.optional))
        value = found.data.get(key.key) if found else None
        return _or_missing(value, key.key, bool(key.optional), given, "ConfigMap", key.name or "")
    if (secret := source.secret_key_ref) is not None:
        kept = _secret(given, secret.name or "", bool(secret.optional))
        data = kept.data.get(secret.key) if kept else None
        value = None if data is None else data.decode(errors="surrogateescape")
        return _or_missing(value, secret.key, bool(secret.optional), given, "Secret", secret.name or "")
    assert source.file_key_ref is not None, "one of them is there"
    return _from_file(given, source.file_key_ref)


def _from_file(given: EnvironmentInput, source: FileKeySelector) -> str | None:
    volume = given.volumes.get(source.volume_name)
    if volume is None:
        raise ContainerConfigProblem(f'cannot find the volume "{source.volume_name}" referenced by FileKeyRef')
    try:
        value = read_variable(volume.host_path, source.path, source.key)
    except FileNotFoundError as exc:
        if source.optional:
            return None
        raise ContainerConfigProblem(f"couldn't parse env file: {source.path} is not there") from exc
    except (UnreadableFile, OSError) as exc:
        raise ContainerConfigProblem(f"couldn't parse env file: {exc}") from exc
    if not value and not source.optional:
        raise ContainerConfigProblem(f'environment variable key "{source.key}" not found in file "{source.path}"')
    return value or None


def _or_missing(
    value: str | None, key: str, optional: bool, given: EnvironmentInput, kind: str, name: str
) -> str | None:
    if value is None and not optional:
        raise ContainerConfigProblem(f"couldn't find key {key} in {kind} {given.pod.metadata.namespace}/{name}")
    return value


def _config_map(given: EnvironmentInput, name: str, optional: bool) -> ConfigMap | None:
    found = given.get(ConfigMap, given.pod.metadata.namespace or "", name)
    if isinstance(found, ConfigMap):
        return found
    if optional:
        return None
    raise ContainerConfigProblem(f'configmap "{name}" not found')


def _secret(given: EnvironmentInput, name: str, optional: bool) -> Secret | None:
    found = given.get(Secret, given.pod.metadata.namespace or "", name)
    if isinstance(found, Secret):
        return found
    if optional:
        return None
    raise ContainerConfigProblem(f'secret "{name}" not found')
