"""What a pod's status may say, and what it may not take back."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.rules.core_v1.pod_status import agree_on_addresses, keep_observed, validate_pod_status

CONTAINER = {"name": "c", "image": "nginx"}
RUNNING: dict[str, Any] = {"running": {}}
FAILED: dict[str, Any] = {"terminated": {"exitCode": 3}}
ENDED = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"


def problems(status: dict[str, Any], before: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    spec = {"containers": [CONTAINER], "restartPolicy": "Always", **spec}
    found = validate_pod_status({"spec": spec, "status": status}, {"spec": spec, "status": before or {}})
    return [f"{cause.field}: {cause.message}" for cause in found]


def state(value: dict[str, Any]) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "c", "state": value}]}


def rules(action: str, operator: str, *codes: int) -> dict[str, Any]:
    rule = {"action": action, "exitCodes": {"operator": operator, "values": list(codes)}}
    return {"containers": [{**CONTAINER, "restartPolicy": "Never", "restartPolicyRules": [rule]}]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"restartPolicy": "OnFailure"}, []),
        ({"restartPolicy": "Never"}, [ENDED]),
        ({"restartPolicy": "Never", "containers": [{**CONTAINER, "restartPolicy": "OnFailure"}]}, []),
        ({"containers": [{**CONTAINER, "restartPolicy": "Never"}]}, [ENDED]),
        (rules("Restart", "In", 3), []),
        (rules("Restart", "In", 4), [ENDED]),
        (rules("Restart", "NotIn", 4), []),
        (rules("RestartAllContainers", "In", 4), []),
        ({"containers": []}, [ENDED]),
    ],
)
def test_who_may_run_again(spec: dict[str, Any], expected: list[str]) -> None:
    assert problems(state(RUNNING), state(FAILED), **spec) == expected


@pytest.mark.parametrize(
    ("status", "spec", "expected"),
    [
        (
            {"conditions": [{"type": "Ready"}, {"type": "a b", "observedGeneration": -1}]},
            {},
            ["status.conditions[1].observedGeneration: Invalid value: -1", "status.conditions[1].Type: Invalid value"],
        ),
        ({"nominatedNodeName": "n"}, {}, []),
        (
            {"nominatedNodeName": "n"},
            {"nodeName": "m"},
            ["status.nominatedNodeName: Forbidden: may not be set on pods"],
        ),
        ({"observedGeneration": -1}, {}, ["status.observedGeneration: Invalid value: -1"]),
        ({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}, {}, []),
        ({"podIPs": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]}, {}, ["status.podIPs: Invalid value"]),
        ({"podIPs": [{"ip": "x"}]}, {}, ["status.podIPs[0]: Invalid value"]),
        (
            {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "x"}]},
            {},
            [
                "status.podIPs[1]: Invalid value",
                "status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x",
                "status.podIPs: Invalid value",
            ],
        ),
        ({"hostIPs": [{"ip": "10.0.0.1"}]}, {}, ["status.hostIPs[0].ip: Invalid value"]),
        (
            {"resourceClaimStatuses": [{"name": "a"}, {"name": "a", "resourceClaimName": "A"}]},
            {"resourceClaims": [{"name": "a"}]},
            [
                "status.resourceClaimStatuses[1].name: Duplicate value",
                "status.resourceClaimStatuses[1].resourceClaimName: Invalid value",
            ],
        ),
        (
            {"containerStatuses": [{"name": "c", "user": {"linux": {"uid": -1, "supplementalGroups": [1, -2]}}}]},
            {},
            [
                "status.containerStatuses[0].user.linux.uid: Invalid value",
                "status.containerStatuses[0].user.linux.supplementalGroups[1]: Invalid value",
            ],
        ),
        (
            {"containerStatuses": [{"name": "c", "allocatedResourcesStatus": [{"name": "cpu"}, {"name": "claim:x"}]}]},
            {},
            [
                "status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value",
                "status.containerStatuses[0].allocatedResourcesStatus[1].name: Invalid value",
            ],
        ),
        (
            {"ephemeralContainerStatuses": [{"name": "e", "allocatedResourcesStatus": [{"name": "cpu"}]}]},
            {},
            ["status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified"],
        ),
    ],
)
def test_what_a_status_may_say(status: dict[str, Any], spec: dict[str, Any], expected: list[str]) -> None:
    found = problems(status, **spec)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_a_status_keeps_the_generations_that_its_writer_leaves_out() -> None:
    """Each type's conditions in their order: a second one of a type has the second one's."""
    ready, other = {"type": "Ready", "status": "True"}, {"type": "x.y/z", "status": "True"}
    before: dict[str, Any] = {"observedGeneration": 3, "conditions": [{**ready, "observedGeneration": 2}, other]}
    status: dict[str, Any] = {"conditions": [dict(other), dict(ready), dict(ready)]}
    keep_observed(status, before)
    assert status["observedGeneration"] == 3
    assert [each.get("observedGeneration") for each in status["conditions"]] == [None, 2, None]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"podIP": "a"}, {"podIP": "a", "podIPs": [{"ip": "a"}]}),
        ({"podIPs": [{"ip": "a"}, {"ip": "b"}]}, {"podIP": "a", "podIPs": [{"ip": "a"}, {"ip": "b"}]}),
        ({"podIP": "a", "podIPs": [{"ip": "b"}]}, {"podIP": "a", "podIPs": [{"ip": "a"}]}),
        ({}, {}),
    ],
)
def test_the_first_address_is_the_address(status: dict[str, Any], expected: dict[str, Any]) -> None:
    agree_on_addresses(status)
    assert status == expected
