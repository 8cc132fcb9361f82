"""What a ResourceClaim was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, invalid, malformed, not_supported, required, too_many
from sampan.core.model.rules.core_v1.affinity import validate_node_selector
from sampan.core.model.rules.resource_v1.device_configuration import MAX_CONFIGS, validate_requested_configuration
from sampan.core.model.rules.resource_v1.lists import each_of
from sampan.core.model.rules.resource_v1.names import (
    RequestNames,
    validate_pool_name,
    validate_request_ref,
    validate_uid,
)
from sampan.core.model.rules.storage_v1.driver_name import validate_driver_name

Value = Mapping[str, Any]

MAX_RESULTS: Final = 32
MAX_BINDING_CONDITIONS: Final = 4
SOURCES: Final = ("FromClaim", "FromClass")
OVERLAP: Final = "bindingFailureConditions must not overlap with bindingConditions"


def validate_allocation(allocation: Value, known: RequestNames, path: str) -> list[Cause]:
    devices, where = allocation.get("devices") or {}, f"{path}.devices"

    def result(each: Value, at: str) -> list[Cause]:
        causes = validate_request_ref(each.get("request") or "", known, f"{at}.request")
        causes += validate_device_place(each, at) + validate_binding_conditions(each, at)
        return causes + (validate_uid(each["shareID"], f"{at}.shareID") if each.get("shareID") is not None else [])

    def config(each: Value, at: str) -> list[Cause]:
        return _source(each.get("source") or "", f"{at}.source") + validate_requested_configuration(each, known, at)

    causes = each_of(devices.get("results") or (), MAX_RESULTS, result, f"{where}.results")
    causes += each_of(devices.get("config") or (), 2 * MAX_CONFIGS, config, f"{where}.config")
    if allocation.get("nodeSelector") is not None:
        causes += validate_node_selector(allocation["nodeSelector"], f"{path}.nodeSelector")
    return causes


def validate_device_place(value: Value, path: str) -> list[Cause]:
    """The driver, pool and name of a device."""
    causes = validate_driver_name(value.get("driver") or "", f"{path}.driver")
    causes += validate_pool_name(value.get("pool") or "", f"{path}.pool")
    return causes + malformed(f"{path}.device", value.get("device") or "", "dns1123-label")


def _source(source: str, path: str) -> list[Cause]:
    if not source:
        return [required(path)]
    return [] if source in SOURCES else [not_supported(path, source, SOURCES)]


def validate_binding_conditions(value: Value, path: str) -> list[Cause]:
    """Those that must be true before a pod is bound, and those of which none may be; neither goes without the other."""
    wanted, failing = value.get("bindingConditions") or (), value.get("bindingFailureConditions") or ()
    at_wanted, at_failing = f"{path}.bindingConditions", f"{path}.bindingFailureConditions"
    causes = _condition_names(wanted, at_wanted) + _condition_names(failing, at_failing)
    causes += [duplicate(f"{at_wanted}[{index}]", name) for index, name in _repeated(wanted)]
    repeated = dict(_repeated(failing))
    for index, name in enumerate(failing):
        causes += [duplicate(f"{at_failing}[{index}]", name)] if index in repeated else []
        causes += [invalid(f"{at_failing}[{index}]", name, OVERLAP)] if name in wanted else []
    if failing and not wanted:
        words = "bindingConditions are required to use bindingFailureConditions"
        causes.append(invalid(at_wanted, None, words))
    if wanted and not failing:
        words = "bindingFailureConditions are required to use bindingConditions"
        causes.append(invalid(at_failing, None, words))
    return causes


def _condition_names(names: Sequence[str], path: str) -> list[Cause]:
    if len(names) > MAX_BINDING_CONDITIONS:
        return [too_many(path, len(names), MAX_BINDING_CONDITIONS)]
    return [cause for at, name in enumerate(names) for cause in malformed(f"{path}[{at}]", name, "qualified-name")]


def _repeated(names: Sequence[str]) -> list[tuple[int, str]]:
    return [(index, name) for index, name in enumerate(names) if name in names[:index]]
