"""ResourceSlice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, invalid, malformed, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.core_v1.affinity import validate_node_selector
from sampan.core.model.rules.resource_v1.device import LISTS, validate_counters, validate_device
from sampan.core.model.rules.resource_v1.lists import each_once
from sampan.core.model.rules.resource_v1.names import validate_pool_name
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

MAX_DEVICES: Final = 128
MAX_ADVANCED_DEVICES: Final = 64
"""Where any has taints, takes from counters, or has attributes of several values."""
MAX_COUNTER_SETS: Final = 8
PLACES: Final = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
ONE_PLACE: Final = f"exactly one of {', '.join(f'`{word}`' for word in PLACES)} is required"
SET_TO_TRUE: Final = "must be either unset or set to true"


class ResourceSliceRules(KindRules):
    def default(self, obj: JsonObject) -> None:
        """A taint is as old as what first says so."""
        for device in (obj.get("spec") or {}).get("devices") or ():
            for taint in device.get("taints") or ():
                if not taint.get("timeAdded"):
                    taint["timeAdded"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def prepare_create(self, obj: JsonObject) -> None:
        """Attributes of several values are an alpha feature: left out."""
        for device in (obj.get("spec") or {}).get("devices") or ():
            for attribute in (device.get("attributes") or {}).values():
                for word in LISTS:
                    attribute.pop(word, None)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        spec, before = obj.get("spec") or {}, old.get("spec") or {}
        causes = changed("spec.pool.name", (spec.get("pool") or {}).get("name"), (before.get("pool") or {}).get("name"))
        for word in ("driver", "nodeName"):
            causes += changed(f"spec.{word}", spec.get(word), before.get(word))
        return causes

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        driver = (obj.get("spec") or {}).get("driver") or ""
        if driver != driver.lower():
            yield f'spec.driver: driver names should be lowercase; "{driver}" contains uppercase characters'


def validate_resource_slice(obj: Value, path: str) -> list[Cause]:
    spec = obj.get("spec") or {}
    causes = validate_driver_name(spec.get("driver") or "", "spec.driver")
    causes += _pool(spec.get("pool") or {}, "spec.pool") + _place(spec)
    devices, counters = spec.get("devices"), spec.get("sharedCounters")
    if devices is not None and counters is not None:
        causes.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))

    def device(each: Value, at: str) -> list[Cause]:
        return validate_device(each, at, places_itself=bool(spec.get("perDeviceNodeSelection")))

    limit = MAX_ADVANCED_DEVICES if any(map(_is_advanced, devices or ())) else MAX_DEVICES
    causes += each_once(devices or (), limit, device, _name, "spec.devices")
    return causes + each_once(counters or (), MAX_COUNTER_SETS, _counter_set, _name, "spec.sharedCounters")


def _name(value: Value) -> str:
    return value.get("name") or ""


def _is_advanced(device: Value) -> bool:
    attributes = (device.get("attributes") or {}).values()
    several = any(each.get(word) is not None for each in attributes for word in LISTS)
    return bool(device.get("taints") or device.get("consumesCounters")) or several


def _pool(pool: Value, path: str) -> list[Cause]:
    causes = validate_pool_name(_name(pool), f"{path}.name")
    count, generation = pool.get("resourceSliceCount") or 0, pool.get("generation") or 0
    if count <= 0:
        causes.append(invalid(f"{path}.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        causes.append(invalid(f"{path}.generation", generation, "must be greater than or equal to zero"))
    return causes


def _place(spec: Value) -> list[Cause]:
    """The nodes where the devices can be used."""
    name, selector = spec.get("nodeName"), spec.get("nodeSelector")
    causes = []
    if name == "":
        causes.append(invalid("spec.nodeName", name, "must be either unset or set to a non-empty string"))
    elif name is not None:
        causes += malformed("spec.nodeName", name, "dns1123-subdomain")
    if selector is not None:
        terms = selector.get("nodeSelectorTerms") or ()
        causes += validate_node_selector(selector, "spec.nodeSelector")
        if len(terms) != 1:
            where = "spec.nodeSelector.nodeSelectorTerms"
            causes.append(invalid(where, terms or None, "must have exactly one node selector term"))
    for word in ("allNodes", "perDeviceNodeSelection"):
        causes += [invalid(f"spec.{word}", False, SET_TO_TRUE)] if spec.get(word) is False else []
    given = [f"`{word}`" for word in PLACES if spec.get(word) or (word == "nodeSelector" and selector is not None)]
    if len(given) > 1:
        causes.append(invalid("spec", f"{{{', '.join(given)}}}", f"{ONE_PLACE}, but multiple fields are set"))
    return causes if given else [*causes, required("spec", ONE_PLACE)]


def _counter_set(counters: Value, path: str) -> list[Cause]:
    name, where = _name(counters), f"{path}.name"
    causes = malformed(where, name, "dns1123-label") if name else [required(where)]
    return causes + validate_counters(counters.get("counters") or {}, f"{path}.counters")
