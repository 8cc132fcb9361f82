"""StorageClass and VolumeAttributesClass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import (
    changed,
    duplicate,
    forbidden,
    invalid,
    malformed,
    not_supported,
    required,
    too_long,
)
from sampan.core.model.kinds import KindRules
from sampan.core.model.rules.common.selectors import label_name

Value = Mapping[str, Any]

RECLAIM_POLICIES: Final = ("Delete", "Retain")
BINDING_MODES: Final = ("Immediate", "WaitForFirstConsumer")
FIXED_FIELDS: Final = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
MAX_PARAMETERS: Final = 512
MAX_PARAMETER_BYTES: Final = 256 * 1024


class StorageClassRules(KindRules):
    revalidates_metadata = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return [cause for word in FIXED_FIELDS for cause in changed(word, obj.get(word), old.get(word))]


def validate_storage_class(obj: Value, path: str) -> list[Cause]:
    causes = _driver(obj.get("provisioner") or "", "provisioner")
    causes += _parameters(obj.get("parameters") or {})
    policy, mode = obj.get("reclaimPolicy"), obj.get("volumeBindingMode")
    if policy and policy not in RECLAIM_POLICIES:
        causes.append(not_supported("reclaimPolicy", policy, RECLAIM_POLICIES))
    if mode is None:
        causes.append(required("volumeBindingMode"))
    elif mode not in BINDING_MODES:
        causes.append(not_supported("volumeBindingMode", mode, BINDING_MODES))
    return causes + _topologies(obj.get("allowedTopologies") or ())


def _driver(name: str, path: str) -> list[Cause]:
    """A driver's name, in either case."""
    return malformed(path, name.lower(), "qualified-name") if name else [required(path)]


def _parameters(parameters: Mapping[str, str]) -> list[Cause]:
    if len(parameters) > MAX_PARAMETERS:
        return [too_long("parameters", MAX_PARAMETERS)]
    causes = [invalid("parameters", key, "field can not be empty.") for key in parameters if not key]
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > MAX_PARAMETER_BYTES:
        causes.append(too_long("parameters", MAX_PARAMETER_BYTES))
    return causes


def _topologies(terms: Sequence[Value]) -> list[Cause]:
    causes: list[Cause] = []
    seen: list[dict[str, set[str]]] = [{}] * len(
        terms
    )  # so does Kubernetes: a term without labels has been there before
    for index, term in enumerate(terms):
        where = f"allowedTopologies[{index}].matchLabelExpressions"
        values_by_key: dict[str, set[str]] = {}
        for place, expression in enumerate(term.get("matchLabelExpressions") or ()):
            causes += _topology(expression, f"{where}[{place}]")
            key = expression.get("key") or ""
            if key in values_by_key:
                causes.append(duplicate(f"{where}[{place}].key", key))
            values_by_key[key] = set(expression.get("values") or ())
        causes += [duplicate(where, "") for each in seen if each == values_by_key]
        seen.append(values_by_key)
    return causes


def _topology(expression: Value, path: str) -> list[Cause]:
    values = expression.get("values") or ()
    causes = [] if values else [required(f"{path}.values")]
    causes += [duplicate(f"{path}.values[{i}]", value) for i, value in enumerate(values) if value in values[:i]]
    return causes + label_name(expression.get("key") or "", f"{path}.key")


class VolumeAttributesClassRules(KindRules):
    revalidates_metadata = 1

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return [
            forbidden(word, f"updates to {word} are forbidden.")
            for word in ("driverName", "parameters")
            if obj.get(word) != old.get(word)
        ]


def validate_volume_attributes_class(obj: Value, path: str) -> list[Cause]:
    parameters = obj.get("parameters") or {}
    causes = _driver(obj.get("driverName") or "", "driverName") + _parameters(parameters)
    if not parameters:
        causes.append(required("parameters", "must contain at least one key/value pair"))
    return causes
