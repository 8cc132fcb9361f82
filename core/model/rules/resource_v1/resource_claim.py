"""ResourceClaim."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import changed, forbidden, invalid, required, too_long, too_many
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.rules.common.carry_over import META
from sampan.core.model.rules.common.conditions import validate_conditions
from sampan.core.model.rules.common.sameness import same
from sampan.core.model.rules.resource_v1.admin_access import needed_for_requests, needed_for_results
from sampan.core.model.rules.resource_v1.allocation import validate_allocation, validate_device_place
from sampan.core.model.rules.resource_v1.claim_spec import default_claim_spec, validate_claim_spec
from sampan.core.model.rules.resource_v1.device_configuration import validate_free_object
from sampan.core.model.rules.resource_v1.lists import each_once
from sampan.core.model.rules.resource_v1.names import request_names, validate_uid

Value = Mapping[str, Any]

MAX_USERS: Final = 256
MAX_CONDITIONS: Final = 8
MAX_ADDRESSES: Final = 16
LIMITS: Final = {"interfaceName": 256, "hardwareAddress": 128}
BEING_TAKEN_BACK: Final = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"


class ResourceClaimRules(KindRules):
    status_keeps = META
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        default_claim_spec(obj.get("spec") or {})

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """Drivers' reports about devices that were taken back are dropped."""
        status = obj.get("status") or {}
        if subresource == "status" and status.get("devices"):
            given = _given(status)
            status["devices"] = [each for each in status["devices"] if _place(each) in given or _is_new(each, old)]

    def namespace_needs(self, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterable[tuple[str, Cause]]:
        if old is None:
            return needed_for_requests(obj.get("spec") or {})
        return needed_for_results(obj.get("status") or {}, old.get("status") or {})

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        return validate_claim_spec(obj.get("spec") or {}, "spec")

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource != "status":
            return [] if same(obj.get("spec"), old.get("spec")) else changed("spec", obj.get("spec"), old.get("spec"))
        return _status(obj, old)


def validate_resource_claim(obj: Value, path: str) -> list[Cause]:
    """Nothing: the spec is looked at once, when the claim is made; it cannot change."""
    return []


def _place(value: Value) -> tuple[str, ...]:
    return tuple(value.get(word) or "" for word in ("driver", "pool", "device", "shareID"))


def _given(status: Value) -> set[tuple[str, ...]]:
    devices = (status.get("allocation") or {}).get("devices") or {}
    return {_place(each) for each in devices.get("results") or ()}


def _is_new(device: Value, old: Value) -> bool:
    return _place(device) not in {_place(each) for each in (old.get("status") or {}).get("devices") or ()}


def _status(obj: Value, old: Value) -> list[Cause]:
    status, before = obj.get("status") or {}, old.get("status") or {}
    users, given = status.get("reservedFor") or (), _given(status)
    causes = each_once(users, MAX_USERS, _user, lambda user: user.get("uid") or "", "status.reservedFor")
    devices = status.get("devices") or ()
    causes += each_once(devices, len(devices), lambda each, at: _device(each, given, at), _place, "status.devices")
    if users and status.get("allocation") is None:
        causes.append(forbidden("status.reservedFor", "may not be specified when `allocated` is not set"))
    elif users and obj["metadata"].get("deletionTimestamp"):
        known = before.get("reservedFor") or ()
        if any(user not in known for user in users):
            causes.append(forbidden("status.reservedFor", BEING_TAKEN_BACK))
    return causes + _allocation(obj, status.get("allocation"), before.get("allocation"))


def _allocation(obj: Value, allocation: Value | None, before: Value | None) -> list[Cause]:
    """What was given can be taken back, but not changed."""
    if allocation is None:
        return []
    if before is not None:
        return changed("status.allocation", allocation, before)
    requests = ((obj.get("spec") or {}).get("devices") or {}).get("requests") or ()
    return validate_allocation(allocation, request_names(requests), "status.allocation")


def _user(user: Value, path: str) -> list[Cause]:
    return [required(f"{path}.{word}") for word in ("resource", "name", "uid") if not user.get(word)]


def _device(device: Value, given: set[tuple[str, ...]], path: str) -> list[Cause]:
    causes = validate_device_place(device, path)
    if device.get("shareID") is not None:
        causes += validate_uid(device["shareID"], f"{path}.shareID")
    if _place(device) not in given:
        shown = {"DeviceID": "/".join(_place(device)[:3]), "ShareID": device.get("shareID")}
        causes.append(invalid(path, shown, "must be an allocated device in the claim"))
    conditions = device.get("conditions") or ()
    if len(conditions) > MAX_CONDITIONS:
        causes.append(too_many(f"{path}.conditions", len(conditions), MAX_CONDITIONS))
    causes += validate_conditions(conditions, f"{path}.conditions")
    if device.get("data") is not None:
        causes += validate_free_object(device["data"], f"{path}.data")
    return causes + _network(device.get("networkData") or {}, f"{path}.networkData")


def _network(data: Value, path: str) -> list[Cause]:
    causes = [
        too_long(f"{path}.{word}", limit)
        for word, limit in LIMITS.items()
        if len((data.get(word) or "").encode()) > limit
    ]
    return causes + each_once(data.get("ips") or (), MAX_ADDRESSES, _address, str, f"{path}.ips")


def _address(text: str, path: str) -> list[Cause]:
    """An address of an interface, with the length of its network."""
    try:
        if "/" in text and str(ipaddress.ip_interface(text)) == text:
            return []
    except ValueError:
        pass
    words = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
    return [invalid(path, text, words)]
