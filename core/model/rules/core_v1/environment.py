"""Checks on environment variables and on the pod fields that they and downward API files may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import invalid, malformed, not_found, not_supported, required
from sampan.core.model.quantity import canonical, parse
from sampan.core.model.rules.core_v1.paths import no_backsteps
from sampan.core.model.rules.core_v1.pod_defaults import CONTAINER_LISTS

Value = Mapping[str, Any]

ENV_FIELDS: Final = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
VOLUME_FIELDS: Final = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
KNOWN_FIELDS: Final = (
    frozenset(ENV_FIELDS) | frozenset(VOLUME_FIELDS) | {"spec.restartPolicy", "spec.schedulerName", "status.phase"}
)
CONTAINER_RESOURCES: Final = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
)  # fmt: skip
HUGE_PAGES: Final = ("limits.hugepages-", "requests.hugepages-")
CPU_DIVISORS: Final = ("1m", "1")
BYTE_DIVISORS: Final = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
SOURCES: Final = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def validate_env(variables: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, variable in enumerate(variables):
        where = f"{path}[{index}]"
        name = variable.get("name") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        else:
            causes += [invalid(f"{where}.name", name, problem) for problem in formats.env_var_name(name)]
        if variable.get("valueFrom") is not None:
            causes += _value_from(variable, f"{where}.valueFrom")
    return causes


def _value_from(variable: Value, path: str) -> list[Cause]:
    source = variable["valueFrom"]
    causes = []
    given = [word for word in SOURCES if source.get(word) is not None]
    for word in given:
        where = f"{path}.{word}"
        if word == "fieldRef":
            causes += validate_field_ref(source[word], ENV_FIELDS, where)
        elif word == "resourceFieldRef":
            causes += validate_resource_ref(source[word], where, in_volume=False)
        elif word == "fileKeyRef":
            causes += _file_key(source[word], where)
        else:
            causes += _key_ref(source[word], where)
    if not given:
        words = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        causes.append(invalid(path, "", words))
    elif variable.get("value"):
        causes.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes


def _key_ref(ref: Value, path: str) -> list[Cause]:
    name, key = ref.get("name") or "", ref.get("key") or ""
    causes = [invalid(f"{path}.name", name, problem) for problem in formats.dns1123_subdomain(name)]
    if not key:
        return [*causes, required(f"{path}.key")]
    return causes + [invalid(f"{path}.key", key, problem) for problem in formats.config_map_key(key)]


def _file_key(ref: Value, path: str) -> list[Cause]:
    causes = []
    key, volume, file = ref.get("key") or "", ref.get("volumeName") or "", ref.get("path") or ""
    if not key:
        causes.append(required(f"{path}.key"))
    else:
        causes += [invalid(f"{path}.key", key, problem) for problem in formats.env_var_name(key)]
    causes += malformed(f"{path}.volumeName", volume, "dns1123-label") if volume else [required(f"{path}.volumeName")]
    return causes + (no_backsteps(file, f"{path}.path") if file else [required(f"{path}.path")])


def validate_files_of_variables(spec: Value, path: str) -> list[Cause]:
    """Variables are read from files of volumes that live as long as the pod. Checked once all else of the pod is."""
    causes = []
    volumes = {volume.get("name") or "": volume for volume in spec.get("volumes") or ()}
    for word in CONTAINER_LISTS:
        for index, container in enumerate(spec.get(word) or ()):
            for number, variable in enumerate(container.get("env") or ()):
                ref = (variable.get("valueFrom") or {}).get("fileKeyRef")
                where = f"{path}.{word}[{index}].env[{number}].valueFrom.fileKeyRef.volumeName"
                causes += _file_volume(ref.get("volumeName") or "", volumes, where) if ref is not None else []
    return causes


def _file_volume(name: str, volumes: Mapping[str, Value], path: str) -> list[Cause]:
    if name not in volumes:
        return [not_found(path, name)]
    words = "referenced volume must be of type emptyDir"
    return [invalid(path, name, words)] if volumes[name].get("emptyDir") is None else []


def validate_env_from(sources: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        if prefix := source.get("prefix"):
            causes += [invalid(f"{where}.prefix", prefix, problem) for problem in formats.env_var_name(prefix)]
        given = [word for word in ("configMapRef", "secretRef") if source.get(word) is not None]
        for word in given:
            causes += _named(source[word].get("name") or "", f"{where}.{word}.name")
        if not given:
            causes.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes


def _named(name: str, path: str) -> list[Cause]:
    if not name:
        return [required(path)]
    return [invalid(path, name, problem) for problem in formats.dns1123_subdomain(name)]


def validate_field_ref(ref: Value, allowed: Sequence[str], path: str) -> list[Cause]:
    """A pod's field, perhaps with a key (``metadata.labels['app']``)."""
    if not ref.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    field = ref.get("fieldPath") or ""
    if not field:
        return [required(f"{path}.fieldPath")]
    base, bracket, subscript = field.partition("['")
    if bracket and subscript.endswith("']"):
        return _subscripted(base, subscript[:-2], field, path)
    if ref["apiVersion"] != "v1" or field not in KNOWN_FIELDS:
        words = f"error converting fieldPath: field label not supported: {field}"
        if ref["apiVersion"] != "v1":
            words = f"error converting fieldPath: unsupported pod version: {ref['apiVersion']}"
        return [invalid(f"{path}.fieldPath", field, words)]
    if field not in allowed:
        return [not_supported(f"{path}.fieldPath", field, sorted(allowed))]
    return []


def _subscripted(base: str, key: str, field: str, path: str) -> list[Cause]:
    if base == "metadata.annotations":
        return [invalid(path, key, problem) for problem in formats.qualified_name(key.lower())]
    if base == "metadata.labels":
        return [invalid(path, key, problem) for problem in formats.qualified_name(key)]
    words = f"error converting fieldPath: field label does not support subscript: {field}"
    return [invalid(f"{path}.fieldPath", field, words)]


def validate_resource_ref(ref: Value, path: str, *, in_volume: bool) -> list[Cause]:
    """A container's request or limit."""
    causes = []
    resource = ref.get("resource") or ""
    if in_volume and not ref.get("containerName"):
        causes.append(required(f"{path}.containerName"))
    elif not resource:
        causes.append(required(f"{path}.resource"))
    elif resource not in CONTAINER_RESOURCES and not resource.startswith(HUGE_PAGES):
        causes.append(not_supported(f"{path}.resource", resource, CONTAINER_RESOURCES))
    return causes + _divisor(resource, str(ref.get("divisor") or "0"), f"{path}.divisor")


def _divisor(resource: str, divisor: str, path: str) -> list[Cause]:
    if not parse(divisor).number:
        return []
    kind = resource.partition(".")[2]
    allowed: Sequence[str] = BYTE_DIVISORS
    about = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(kind, "")
    if kind == "cpu":
        allowed, about = CPU_DIVISORS, "cpu"
    elif kind.startswith("hugepages-"):
        about = "hugepages"
    if not about or canonical(divisor) in allowed:
        return []
    shown = " and ".join(allowed) if kind == "cpu" else ", ".join(allowed)
    return [invalid(path, resource, f"only divisor's values {shown} are supported with the {about} resource")]
