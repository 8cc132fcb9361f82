"""What a ResourceClaim asks for, in claims and in templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, malformed, not_supported, required
from sampan.core.model.kinds import JsonObject
from sampan.core.model.rules.resource_v1.device_configuration import (
    MAX_CONFIGS,
    MAX_REQUESTS,
    validate_request_refs,
    validate_requested_configuration,
)
from sampan.core.model.rules.resource_v1.device_selector import validate_selectors
from sampan.core.model.rules.resource_v1.device_taint import validate_device_toleration
from sampan.core.model.rules.resource_v1.lists import each_of, each_once
from sampan.core.model.rules.resource_v1.names import RequestNames, request_names, validate_fully_qualified_name

Value = Mapping[str, Any]

MAX_CONSTRAINTS: Final = 32
MAX_ALTERNATIVES: Final = 8
MODES: Final = ("All", "ExactCount")
ONE_SORT: Final = "exactly one of `exactly` or `firstAvailable` is required"
ONE_ATTRIBUTE: Final = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'


def default_claim_spec(spec: JsonObject) -> None:
    """One device, where a request does not say how many."""
    for request in (spec.get("devices") or {}).get("requests") or ():
        for each in (request.get("exactly"), *(request.get("firstAvailable") or ())):
            if each is not None and each.get("allocationMode") == "ExactCount" and not each.get("count"):
                each["count"] = 1


def validate_claim_spec(spec: Value, path: str) -> list[Cause]:
    devices, path = spec.get("devices") or {}, f"{path}.devices"
    requests = devices.get("requests") or ()
    known = request_names(requests)
    causes = each_once(requests, MAX_REQUESTS, _request, _name, f"{path}.requests")

    def constraint(each: Value, where: str) -> list[Cause]:
        return _constraint(each, known, where)

    def config(each: Value, where: str) -> list[Cause]:
        return validate_requested_configuration(each, known, where)

    causes += each_of(devices.get("constraints") or (), MAX_CONSTRAINTS, constraint, f"{path}.constraints")
    return causes + each_of(devices.get("config") or (), MAX_CONFIGS, config, f"{path}.config")


def _name(request: Value) -> str:
    return request.get("name") or ""


def _request(request: Value, path: str) -> list[Cause]:
    causes = malformed(f"{path}.name", _name(request), "dns1123-label")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or ()
    if alternatives and exactly is not None:
        causes.append(invalid(path, None, f"{ONE_SORT}, but multiple fields are set"))
    elif alternatives:
        causes += each_once(alternatives, MAX_ALTERNATIVES, _alternative, _name, f"{path}.firstAvailable")
    elif exactly is not None:
        causes += _devices(exactly, f"{path}.exactly")
    else:
        causes.append(required(path, ONE_SORT))
    return causes


def _alternative(request: Value, path: str) -> list[Cause]:
    return malformed(f"{path}.name", _name(request), "dns1123-label") + _devices(request, path)


def _devices(request: Value, path: str) -> list[Cause]:
    """Class, selectors, how many, tolerations."""
    name, where = request.get("deviceClassName") or "", f"{path}.deviceClassName"
    causes = malformed(where, name, "dns1123-subdomain") if name else [required(where)]
    causes += validate_selectors(request.get("selectors") or (), f"{path}.selectors")
    causes += _how_many(request.get("allocationMode") or "", request.get("count") or 0, path)
    for index, toleration in enumerate(request.get("tolerations") or ()):
        causes += validate_device_toleration(toleration, f"{path}.tolerations[{index}]")
    return causes


def _how_many(mode: str, count: int, path: str) -> list[Cause]:
    if mode == "All":
        words = "must not be specified when allocationMode is 'All'"
        return [invalid(f"{path}.count", count, words)] if count else []
    if mode == "ExactCount":
        return [] if count > 0 else [invalid(f"{path}.count", count, "must be greater than zero")]
    return [not_supported(f"{path}.allocationMode", mode, MODES)]


def _constraint(constraint: Value, known: RequestNames, path: str) -> list[Cause]:
    causes = validate_request_refs(constraint.get("requests") or (), known, f"{path}.requests")
    for word in ("matchAttribute", "distinctAttribute"):
        if constraint.get(word) is not None:
            return causes + validate_fully_qualified_name(constraint[word], f"{path}.{word}")
    return [*causes, required(path, ONE_ATTRIBUTE)]
