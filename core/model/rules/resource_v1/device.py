"""The devices that a ResourceSlice offers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, not_found, required, too_long
from sampan.core.model.quantity import parse
from sampan.core.model.rules.core_v1.affinity import validate_node_selector
from sampan.core.model.rules.core_v1.resource_names import is_native
from sampan.core.model.rules.resource_v1.allocation import validate_binding_conditions
from sampan.core.model.rules.resource_v1.capacity import validate_capacity
from sampan.core.model.rules.resource_v1.device_taint import validate_device_taint
from sampan.core.model.rules.resource_v1.lists import each_of, each_once, each_value
from sampan.core.model.rules.resource_v1.names import LONGEST_QUALIFIED, validate_qualified_name

Value = Mapping[str, Any]

MAX_ATTRIBUTES: Final = 32
MAX_VALUES: Final = 48
MAX_TAINTS: Final = 16
MAX_CONSUMPTIONS: Final = 2
MAX_COUNTERS: Final = 32
LONGEST_VALUE: Final = 64
SCALARS: Final = ("int", "bool", "string", "version")
LISTS: Final = ("ints", "bools", "strings", "versions")
_NUMBER: Final = r"(0|[1-9]\d*)"
_PART: Final = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_BUILD: Final = "[0-9a-zA-Z-]+"
VERSION: Final = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PART}(\.{_PART})*)?(\+{_BUILD}(\.{_BUILD})*)?"
ONE_PLACE: Final = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in "
    "the ResourceSlice spec"
)
NO_PLACE: Final = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)


def validate_device(device: Value, path: str, *, places_itself: bool) -> list[Cause]:
    """``places_itself``: each device of the slice says where it can be used."""
    causes = malformed(f"{path}.name", device.get("name") or "", "dns1123-label")
    causes += _sizes(device, path) + _properties(device, path)
    causes += each_of(device.get("taints") or (), MAX_TAINTS, validate_device_taint, f"{path}.taints")
    consumptions = device.get("consumesCounters") or ()
    where = f"{path}.consumesCounters"
    causes += each_once(consumptions, MAX_CONSUMPTIONS, _consumption, lambda each: each.get("counterSet") or "", where)
    if places_itself:
        causes += _place(device, path)
    elif any(device.get(word) is not None for word in ("nodeName", "nodeSelector", "allNodes")):
        causes.append(invalid(path, None, NO_PLACE))
    return causes + validate_binding_conditions(device, path) + _mappings(device, path)


def _sizes(device: Value, path: str) -> list[Cause]:
    attributes = device.get("attributes") or {}
    properties = len(attributes) + len(device.get("capacity") or {})
    values = sum(sum(len(each.get(word) or ()) for word in LISTS) or 1 for each in attributes.values())
    causes = []
    if properties > MAX_ATTRIBUTES:
        words = f"the total number of attributes and capacities must not exceed {MAX_ATTRIBUTES}"
        causes.append(invalid(path, properties, words))
    if values > MAX_VALUES:
        causes.append(invalid(path, values, f"the total number of attribute values must not exceed {MAX_VALUES}"))
    return causes


def _properties(device: Value, path: str) -> list[Cause]:
    shared = bool(device.get("allowMultipleAllocations"))

    def capacity(each: Value, at: str) -> list[Cause]:
        return validate_capacity(each, at, shared=shared)

    causes = []
    for word, check in (("attributes", _attribute), ("capacity", capacity)):
        values, where = device.get(word) or {}, f"{path}.{word}"
        causes += each_value(values, None, validate_qualified_name, check, where, key_limit=LONGEST_QUALIFIED)
    return causes


def _attribute(attribute: Value, path: str) -> list[Cause]:
    given = [word for word in (*SCALARS, *LISTS) if attribute.get(word) is not None]
    causes = []
    for word in given:
        if word in LISTS and not attribute[word]:
            causes.append(invalid(f"{path}.{word}", attribute[word], "must not be empty if specified"))
        elif word in ("string", "version"):
            causes += _text(attribute[word], f"{path}.{word}", is_version=word == "version")
        elif word in ("strings", "versions"):
            for index, text in enumerate(attribute[word]):
                causes += _text(text, f"{path}.{word}[{index}]", is_version=word == "versions")
    if len(given) != 1:
        causes.append(invalid(path, _in_go(attribute) if given else "", "exactly one value must be specified"))
    return causes


def _in_go(attribute: Value) -> dict[str, Any]:
    """An attribute as Kubernetes shows it, with the names of the fields in Go."""
    names = {word: f"{word.title()}Value" for word in SCALARS} | {word: f"{word[:-1].title()}Values" for word in LISTS}
    return {name: attribute.get(word) for word, name in names.items()}


def _text(text: str, path: str, *, is_version: bool) -> list[Cause]:
    causes = []
    if is_version and not re.fullmatch(VERSION, text, re.ASCII):
        causes.append(invalid(path, text, "must be a string compatible with semver.org spec 2.0.0"))
    if len(text.encode()) > LONGEST_VALUE:
        causes.append(too_long(path, LONGEST_VALUE))
    return causes


def _consumption(consumption: Value, path: str) -> list[Cause]:
    name, where = consumption.get("counterSet") or "", f"{path}.counterSet"
    causes = malformed(where, name, "dns1123-label") if name else [required(where)]
    return causes + validate_counters(consumption.get("counters") or {}, f"{path}.counters")


def validate_counters(counters: Value, path: str) -> list[Cause]:
    if not counters:
        return [required(path)]

    def key(name: str, at: str) -> list[Cause]:
        return malformed(at, name, "dns1123-label")

    return each_value(counters, MAX_COUNTERS, key, lambda counter, at: [], path, key_limit=63)


def _place(device: Value, path: str) -> list[Cause]:
    name, selector, everywhere = (device.get(word) for word in ("nodeName", "nodeSelector", "allNodes"))
    causes = []
    if name is not None:
        where = f"{path}.nodeName"
        causes += malformed(where, name, "dns1123-subdomain") if name else [invalid(where, name, "must not be empty")]
    if selector is not None:
        causes += validate_node_selector(selector, f"{path}.nodeSelector")
    if everywhere is False:
        causes.append(invalid(f"{path}.allNodes", False, "must be either unset or set to true"))
    given = [f"`{word}`" for word in ("nodeName", "nodeSelector", "allNodes") if device.get(word)]
    if len(given) > 1:
        causes.append(invalid(path, f"{{{', '.join(given)}}}", ONE_PLACE))
    return causes if given else [*causes, required(path, ONE_PLACE)]


def _mappings(device: Value, path: str) -> list[Cause]:
    """What devices take of their node's own resources."""
    causes = []
    for name, mapping in sorted((device.get("nodeAllocatableResourceMappings") or {}).items()):
        where = f"{path}.nodeAllocatableResourceMappings[{name}]"
        factor, key = mapping.get("allocationMultiplier"), mapping.get("capacityKey")
        if not is_native(name):
            causes.append(invalid(where, name, "must be a node allocatable resource name"))
        if factor is None and key is None:
            causes.append(invalid(where, "", "at least one of allocationMultiplier or capacityKey must be set"))
        if factor is not None and parse(factor).number <= 0:
            causes.append(invalid(f"{where}.allocationMultiplier", factor, "must be positive"))
        if key == "":
            causes.append(invalid(f"{where}.capacityKey", "", "capacityKey must not be an empty string"))
        elif key is not None and key not in (device.get("capacity") or {}):
            causes.append(not_found(f"{where}.capacityKey", key))
    return causes
