"""Devices that drivers offer, and claims to them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sampan.core.model.builtin import DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice
from sampan.core.model.causes import required
from sampan.core.model.rules.resource_v1.lists import each_value
from tests.support.rules import cells, changes_refused, created, refusals

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
REF = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
EXACTLY = {"deviceClassName": "gpu"}
REQUEST = {"name": "r", "exactly": EXACTLY}
CHOICE = {"name": "s", "firstAvailable": [{"name": "a", **EXACTLY}, {"name": "b", **EXACTLY}]}
OPAQUE = {"opaque": {"driver": "gpu.example.com", "parameters": {"kind": "Config"}}}
CLAIM = {"spec": {"devices": {"requests": [REQUEST, CHOICE]}}}
RESULT = {"request": "r", "driver": "gpu.example.com", "pool": "node-1", "device": "gpu-0"}
SHARED = "3F1C1A0E-8A35-4A4E-9F5C-0D6D5D9F2B11"
DEVICE = {"name": "gpu-0"}
POOL = {"name": "node-1", "resourceSliceCount": 1}
SLICE = {"driver": "gpu.example.com", "pool": POOL, "nodeName": "node-1", "devices": [DEVICE]}


def test_a_claim_asks_for_one_device_unless_it_says_otherwise() -> None:
    requests = created(ResourceClaim, CLAIM)["spec"]["devices"]["requests"]
    assert requests[0]["exactly"] == {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1}
    assert [each["count"] for each in requests[1]["firstAvailable"]] == [1, 1]
    everything = {"requests": [{"name": "r", "exactly": {**EXACTLY, "allocationMode": "All"}}]}
    assert (
        "count"
        not in created(ResourceClaim, {"spec": {"devices": everything}})["spec"]["devices"]["requests"][0]["exactly"]
    )


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        ({"requests": []}, []),
        ({"requests": [{"name": "r"}]}, [
            "requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
        ]),
        ({"requests": [{**CHOICE, "exactly": EXACTLY}]}, [
            "requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, "
            "but multiple fields are set",
        ]),
        ({"requests": [REQUEST, {**REQUEST, "exactly": {}}]}, [
            "requests[1].exactly.deviceClassName: Required value",
            'requests[1]: Duplicate value: "r"',
        ]),
        ({"requests": [REQUEST] * 33}, ["requests: Too many: 33: must have at most 32 items"]),
        ({"requests": [{"name": "r", "exactly": {**EXACTLY, "allocationMode": "All", "count": 2}}]}, [
            "requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
        ]),
        ({"requests": [{"name": "r", "exactly": {**EXACTLY, "allocationMode": "Some", "count": -1}}]}, [
            'requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
        ]),
        ({"requests": [{"name": "r", "exactly": {**EXACTLY, "selectors": [{}, {"cel": {"expression": "x" * 10241}}]}}]}, [
            "requests[0].exactly.selectors[0].cel: Required value",
            "requests[0].exactly.selectors[1].cel.expression: Too long: may not be more than 10240 bytes",
        ]),
        ({"requests": [{"name": "r", "exactly": {**EXACTLY, "tolerations": [
            {}, {"operator": "Exists", "value": "v"}, {"operator": "Near", "effect": "Never"},
        ]}}]}, [
            'requests[0].exactly.tolerations[1].value: Invalid value: "v": must be empty for operator `Exists`',
            'requests[0].exactly.tolerations[2].operator: Unsupported value: "Near": supported values: "Equal", "Exists"',
            'requests[0].exactly.tolerations[2].effect: Unsupported value: "Never": '
            'supported values: "NoExecute", "NoSchedule", "None"',
        ]),
        ({"requests": [REQUEST, CHOICE], "constraints": [
            {"requests": ["r", "s/a", "s/c", "a/b/c", "r"], "matchAttribute": "model"}, {},
        ]}, [
            f'constraints[0].requests[2]: Invalid value: "s/c": {REF}',
            f'constraints[0].requests[3]: Invalid value: "a/b/c": {REF}',
            'constraints[0].requests[4]: Duplicate value: "r"',
            'constraints[0].matchAttribute: Invalid value: "model": '
            "a fully qualified name must be a domain and a name separated by a slash",
            'constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, '
            "but multiple fields are set",
        ]),
        ({"config": [{}, {"opaque": {"parameters": 1}}, OPAQUE]}, [
            "config[0].opaque: Required value",
            "config[1].opaque.driver: Required value",
            'config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
        ]),
    ],
)  # fmt: skip
def test_what_claims_ask_for(devices: dict[str, Any], expected: list[str]) -> None:
    assert refusals(ResourceClaim, {"spec": {"devices": devices}}) == [f"spec.devices.{each}" for each in expected]
    template = {"spec": {"spec": {"devices": devices}}}
    assert refusals(ResourceClaimTemplate, template) == [f"spec.spec.devices.{each}" for each in expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("device.driver == 'gpu.example.com'", ""),
        ("device.attributes['gpu.example.com'].model == 'a' && 'gpu.example.com' in device.capacity", ""),
        ("device.maker == 'x'", "compilation failed: ERROR: <input>:1:7: undefined field 'maker'"),
        ("gpu", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'gpu' (in container '')"),
        ("1", "must evaluate to bool or the unknown type, not int"),
        ("", "compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting"),
    ],
)
def test_selectors_are_compiled(expression: str, expected: str) -> None:
    found = refusals(DeviceClass, {"spec": {"selectors": [{"cel": {"expression": expression}}]}})
    path = f'spec.selectors[0].cel.expression: Invalid value: "{expression}": '
    assert_all_begin(found, [path + expected] if expected else [])


def test_what_is_asked_for_is_asked_once() -> None:
    change: dict[str, Any] = {"spec": {"devices": {"requests": [REQUEST]}}}
    (found,) = changes_refused(ResourceClaim, CLAIM, change)
    assert re.fullmatch("spec: Invalid value: .*: field is immutable", found)
    template = {"spec": {"metadata": {"labels": {"a": "b"}}, **CLAIM}}
    (found,) = changes_refused(ResourceClaimTemplate, template, {"spec": {"metadata": {"labels": {"a": "c"}}}})
    assert re.fullmatch("spec: Invalid value: .*: field is immutable", found)
    assert refusals(ResourceClaimTemplate, {"spec": {"metadata": {"name": "n"}}}) == [
        "spec.metadata.name: Forbidden: cannot be set"
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"allocation": {"devices": {"results": [RESULT], "config": [{"source": "FromClass", **OPAQUE}]}}}, []),
        ({"reservedFor": [{"resource": "pods"}]}, [
            "reservedFor[0].name: Required value",
            "reservedFor[0].uid: Required value",
            "reservedFor: Forbidden: may not be specified when `allocated` is not set",
        ]),
        ({"allocation": {"devices": {"results": [{"request": "q", "driver": "d", "pool": "", "device": "D"}]}}}, [
            f'allocation.devices.results[0].request: Invalid value: "q": {REF}',
            "allocation.devices.results[0].pool: Required value",
            f'allocation.devices.results[0].device: Invalid value: "D": {LABEL}',
        ]),
        ({"allocation": {"devices": {"results": [{**RESULT, "shareID": SHARED, "bindingConditions": ["a", "a"]}]}}}, [
            'allocation.devices.results[0].bindingConditions[1]: Duplicate value: "a"',
            "allocation.devices.results[0].bindingFailureConditions: Invalid value: null: "
            "bindingFailureConditions are required to use bindingConditions",
            f'allocation.devices.results[0].shareID: Invalid value: "{SHARED}": uid must be in RFC 4122 normalized '
            "form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters",
        ]),
        ({"allocation": {"devices": {"config": [{"source": "Sky", **OPAQUE}]}}}, [
            'allocation.devices.config[0].source: Unsupported value: "Sky": supported values: "FromClaim", "FromClass"',
        ]),
        ({"allocation": {"devices": {"results": [RESULT]}}, "devices": [
            {**RESULT, "networkData": {"interfaceName": "x" * 257, "ips": ["192.0.2.5/24", "192.0.2.5"]}},
        ]}, [
            "devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes",
            'devices[0].networkData.ips[1]: Invalid value: "192.0.2.5": '
            "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
        ]),
    ],
)  # fmt: skip
def test_what_became_of_claims(status: dict[str, Any], expected: list[str]) -> None:
    found = changes_refused(ResourceClaim, CLAIM, {"status": status}, "status")
    assert found == [f"status.{each}" for each in expected]


def test_what_a_claim_shows() -> None:
    obj: dict[str, Any] = created(ResourceClaim, CLAIM)
    assert cells(ResourceClaim, obj)["State"] == "pending"
    obj["status"] = {"allocation": {}, "reservedFor": [{}]}
    assert cells(ResourceClaim, obj)["State"] == "allocated,reserved"
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert cells(ResourceClaim, obj)["State"] == "deleted,allocated,reserved"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"selectors": [{"cel": {"expression": "true"}}], "config": [OPAQUE]}, []),
        ({"extendedResourceName": "example.com/gpu"}, []),
        ({"extendedResourceName": "cpu"}, [
            'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
        ]),
        ({"config": [{}]}, ["spec.config[0].opaque: Required value"]),
    ],
)  # fmt: skip
def test_classes(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(DeviceClass, {"spec": spec}) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"pool": {"name": "a//b", "generation": -1}, "nodeName": None}, [
            'spec.pool.name: Invalid value: "": a lowercase RFC 1123 subdomain',
            "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
            "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
            "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`",
        ]),
        ({"allNodes": True}, [
            'spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, '
            "`perDeviceNodeSelection` is required, but multiple fields are set",
        ]),
        ({"nodeName": None, "nodeSelector": {"nodeSelectorTerms": []}}, [
            "spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term",
            "spec.nodeSelector.nodeSelectorTerms: Invalid value: null: must have exactly one node selector term",
        ]),
        ({"sharedCounters": [{"name": "c"}]}, [
            'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
            "spec.sharedCounters[0].counters: Required value",
        ]),
        ({"devices": [DEVICE, DEVICE]}, ['spec.devices[1]: Duplicate value: "gpu-0"']),
        ({"devices": [{**DEVICE, "taints": [{"key": "k", "effect": "NoSchedule"}]}] * 65}, [
            "spec.devices: Too many: 65: must have at most 64 items",
        ]),
        ({"devices": [{**DEVICE, "attributes": {"model": {}, "x/": {"int": 1, "bool": True}, "v": {"version": "1"}}}]}, [
            'spec.devices[0].attributes[model]: Invalid value: "": exactly one value must be specified',
            'spec.devices[0].attributes[v].version: Invalid value: "1": must be a string compatible with semver.org',
            'spec.devices[0].attributes: Invalid value: "": the name must not be empty',
            'spec.devices[0].attributes[x/]: Invalid value: {"IntValue":1,"BoolValue":true,"StringValue":null,',
        ]),
        ({"devices": [{**DEVICE, "capacity": {"m": {"value": "4", "requestPolicy": {}}}}]}, [
            "spec.devices[0].capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true",
        ]),
        ({"devices": [{**DEVICE, "taints": [{"key": "", "effect": "Boom"}], "nodeName": "n"}]}, [
            'spec.devices[0].taints[0].key: Invalid value: "": name part must be non-empty',
            'spec.devices[0].taints[0].key: Invalid value: "": name part must consist of alphanumeric characters',
            'spec.devices[0].taints[0].effect: Unsupported value: "Boom": supported values: "NoExecute", "NoSchedule", ',
            "spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if ",
        ]),
        ({"nodeName": None, "perDeviceNodeSelection": True, "devices": [{**DEVICE, "nodeName": "a", "allNodes": True}]}, [
            'spec.devices[0]: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, or ',
        ]),
        ({"devices": [{**DEVICE, "nodeAllocatableResourceMappings": {"cpu": {"capacityKey": "m"}, "a.b/c": {}}}]}, [
            'spec.devices[0].nodeAllocatableResourceMappings[a.b/c]: Invalid value: "a.b/c": must be a node allocatable ',
            'spec.devices[0].nodeAllocatableResourceMappings[a.b/c]: Invalid value: "": at least one of ',
            'spec.devices[0].nodeAllocatableResourceMappings[cpu].capacityKey: Not found: "m"',
        ]),
    ],
)  # fmt: skip
def test_slices(change: dict[str, Any], expected: list[str]) -> None:
    spec = {key: value for key, value in {**SLICE, **change}.items() if value is not None}
    assert_all_begin(refusals(ResourceSlice, {"spec": spec}), expected)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"default": "1", "validValues": ["1", "2"]}, []),
        ({"default": "1", "validRange": {"min": "1", "max": "3", "step": "1"}}, []),
        ({"validValues": ["1"], "validRange": {}}, [": Forbidden: exactly one policy can be specified"]),
        ({"validValues": ["1"]}, [".default: Required value: required when validValues is defined"]),
        ({"default": "3", "validValues": ["2", "1", "5"]}, [
            '.validValues[1]: Invalid value: "1": values must be sorted in ascending order',
            '.validValues[2]: Invalid value: "5": option is larger than capacity value: 4',
            '.validValues: Invalid value: "3": default value is not valid according to the requestPolicy',
        ]),
        ({"default": "0", "validRange": {}}, [".validRange.min: Required value"]),
        ({"default": "1", "validRange": {"min": "2", "max": "5", "step": "3"}}, [
            '.validRange.min: Invalid value: "1": default is less than min: 2',
            '.validRange.max: Invalid value: "5": max is larger than capacity value: 4',
            '.validRange.step: Invalid value: "3": one step 5 is larger than capacity value: 4',
            '.validRange.step: Invalid value: "1": value is not a multiple of a given step (3) from (2)',
        ]),
    ],
)  # fmt: skip
def test_what_claims_may_take_of_a_shared_device(policy: dict[str, Any], expected: list[str]) -> None:
    device = {**DEVICE, "allowMultipleAllocations": True, "capacity": {"m": {"value": "4", "requestPolicy": policy}}}
    found = refusals(ResourceSlice, {"spec": {**SLICE, "devices": [device]}})
    assert_all_begin(found, [f"spec.devices[0].capacity[m].requestPolicy{each}" for each in expected])


def test_changes_of_slices() -> None:
    assert changes_refused(ResourceSlice, {"spec": SLICE}, {"spec": {"nodeName": "node-2", "pool": {"name": "p"}}}) == [
        'spec.pool.name: Invalid value: "p": field is immutable',
        'spec.nodeName: Invalid value: "node-2": field is immutable',
    ]


def test_taints_of_devices_get_their_time() -> None:
    device = {**DEVICE, "taints": [{"key": "k", "effect": "NoExecute"}]}
    obj = created(ResourceSlice, {"spec": {**SLICE, "devices": [device]}})
    assert obj["spec"]["devices"][0]["taints"][0]["timeAdded"].endswith("Z")
    assert cells(ResourceSlice, obj) == cells(ResourceSlice, obj) | {"Node": "node-1", "Pool": "node-1"}


def test_long_keys_are_shortened_in_paths() -> None:
    (found,) = each_value(
        {"a" * 30: 1}, None, lambda key, path: [], lambda value, path: [required(path)], "map", key_limit=4
    )
    assert found.field == "map[aaaaaaa...aaaaaa]"


def assert_all_begin(found: list[str], beginnings: list[str]) -> None:
    assert [each[: len(begin)] for each, begin in zip(found, beginnings, strict=True)] == beginnings
