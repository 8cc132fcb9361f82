"""PersistentVolumeClaim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, invalid, malformed, not_supported
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.quantity import compare, value
from sampan.core.model.rules.common.sameness import differ
from sampan.core.model.rules.core_v1.claim_spec import normalize_data_sources, size_warnings, validate_claim_spec

Value = Mapping[str, Any]

CLASS_ANNOTATION: Final = "volume.beta.kubernetes.io/storage-class"
FIXED: Final = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
RESIZE_STATES: Final = (
    "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible",
    "NodeResizePending",
)  # fmt: skip
DEPRECATED_CLASS: Final = 'deprecated since v1.8; use "storageClassName" attribute instead'


class PersistentVolumeClaimRules(KindRules):
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        obj.setdefault("status", {}).setdefault("phase", "Pending")

    def prepare_create(self, obj: JsonObject) -> None:
        normalize_data_sources(obj["spec"], {})

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        if not subresource:
            normalize_data_sources(obj["spec"], old["spec"])

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        return _status(obj.get("status") or {}) if subresource == "status" else _changes(obj, old)

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        if CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {}):
            yield f"metadata.annotations[{CLASS_ANNOTATION}]: {DEPRECATED_CLASS}"
        yield from size_warnings(obj["spec"], "spec")


def validate_persistent_volume_claim(obj: Value, path: str) -> list[Cause]:
    return validate_claim_spec(obj.get("spec") or {}, "spec")


def _changes(obj: Value, old: Value) -> list[Cause]:
    """A claim is for good: only a bound one may ask for another size or other attributes."""
    spec, before = obj["spec"], old["spec"]
    status = old.get("status") or {}
    causes = _annotation(obj, old)
    if differ(_lasting(obj, old), before):
        causes.append(forbidden("spec", FIXED))
    size, size_before = _storage(spec), _storage(before)
    if compare(size, size_before) < 0 and compare(size, (status.get("capacity") or {}).get("storage", "0")) <= 0:
        causes.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
    causes += changed("volumeMode", spec.get("volumeMode"), before.get("volumeMode"))
    word = "volumeAttributesClassName"
    if spec.get(word) != before.get(word) and status.get("currentVolumeAttributesClassName") is not None:
        given = "nil" if spec.get(word) is None else "empty string"
        if not spec.get(word):
            words = f"update to {given} is forbidden when status.currentVolumeAttributesClassName is not nil"
            causes.append(forbidden(f"spec.{word}", words))
    return causes


def _storage(spec: Value) -> Any:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")


def _annotation(obj: Value, old: Value) -> list[Cause]:
    """The class may move from the old annotation to the field, and not change otherwise."""
    new, before = ((each["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION) for each in (obj, old))
    if _moved_class(obj, old) or new == before:
        return []
    return [invalid(f"metadata.annotations[{CLASS_ANNOTATION}]", new or "", "field is immutable")]


def _moved_class(obj: Value, old: Value) -> bool:
    new, before = ((each["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION) for each in (obj, old))
    word = "storageClassName"
    was_annotated = before is not None and old["spec"].get(word) is None and obj["spec"].get(word) == before
    return was_annotated and (new is None or new == before)


def _lasting(obj: Value, old: Value) -> Value:
    """The spec as far as it must be what it was: whatever may change is taken from the old one."""
    spec, before = dict(obj["spec"]), old["spec"]

    def free(word: str) -> None:
        if word in before:
            spec[word] = before[word]
        else:
            spec.pop(word, None)

    if not before.get("volumeName"):
        free("volumeName")
    annotated = (old["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    if before.get("storageClassName") is None and annotated in (None, spec.get("storageClassName")):
        free("storageClassName")
    if (old.get("status") or {}).get("phase") == "Bound":
        free("volumeAttributesClassName")
        resources = spec.get("resources") or {}
        requests = resources.get("requests") or {}
        spec["resources"] = {**resources, "requests": {**requests, "storage": _storage(before)}}
    return spec


def _status(status: Value) -> list[Cause]:
    causes = _amounts(status.get("capacity") or {}, "status.capacity")
    states, path = status.get("allocatedResourceStatuses") or {}, "status.allocatedResourceStatuses"
    for name in sorted(states):
        causes += _resource(name, path)
        if states[name] not in RESIZE_STATES:
            causes.append(not_supported(path, name, sorted(RESIZE_STATES)))
    allocated, path = status.get("allocatedResources") or {}, "status.allocatedResources"
    for name in sorted(allocated):
        causes += _resource(name, path) or _amounts({name: allocated[name]}, path)
    return causes


def _resource(name: str, path: str) -> list[Cause]:
    causes = malformed(path, name, "qualified-name")
    native = "/" not in name or "kubernetes.io/" in name
    if not causes and native and name != "storage":
        causes.append(not_supported(path, name, ("storage",)))
    return causes


def _amounts(amounts: Mapping[str, Any], path: str) -> list[Cause]:
    return [
        invalid(f"{path}[{name}]", value(amounts[name]), "must be a valid resource quantity")
        for name in sorted(amounts)
        if value(amounts[name]) < 0
    ]
