"""Resources of pods and containers: what is taken for granted, and what must agree."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Pod
from tests.support.rules import created, refusals


def container(name: str = "c", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "nginx", **fields}


def needs(**amounts: str) -> dict[str, Any]:
    return {"resources": {"requests": amounts}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"resources": {"limits": {"cpu": "3"}}, "containers": [container(**needs(cpu="1", memory="1Gi"))]},
            {"limits": {"cpu": "3"}, "requests": {"cpu": "1", "memory": "1Gi"}},
        ),
        (
            {"resources": {"limits": {"cpu": "3"}}, "containers": [container(), container("d")]},
            {"limits": {"cpu": "3"}, "requests": {"cpu": "3"}},
        ),
        (
            {
                "resources": {"limits": {"cpu": "9"}},
                "containers": [container(**needs(cpu="1"))],
                "initContainers": [
                    container("i", **needs(cpu="2"), restartPolicy="Always"),
                    container("j", **needs(cpu="4")),
                ],
            },
            {"limits": {"cpu": "9"}, "requests": {"cpu": "6"}},
        ),
        (
            {"resources": {"requests": {"cpu": "3"}}, "containers": [container(**needs(memory="1Gi"))]},
            {"requests": {"cpu": "3"}},
        ),
    ],
)
def test_a_pod_asks_for_what_its_containers_ask_for(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    assert created(Pod, {"spec": spec})["spec"]["resources"] == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"resources": {"requests": {"cpu": "1"}}, "containers": [container(**needs(cpu="2"))]},
            [
                'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container '
                "requests of 2"
            ],
        ),
        (
            {
                "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
                "containers": [container(resources={"limits": {"cpu": "2"}, "requests": {"cpu": "1"}})],
            },
            [
                'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits '
                "of 1"
            ],
        ),
        (
            {"resources": {"limits": {"storage": "1"}}, "containers": [container()]},
            [
                'spec.resources.limits[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", '
                '"memory"'
            ],
        ),
        (
            {"resources": {"claims": [{"name": "a"}]}, "containers": [container()]},
            [
                "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level",
                'spec.resources.claims[0]: Not found: "a"',
            ],
        ),
        (
            {"containers": [container(resources={"limits": {"cpu": "1", "hugepages-2Mi": "1Mi"}})]},
            [
                f'spec.containers[0].resources.{word}[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer '
                "multiple of hugepages-2Mi"
                for word in ("limits", "requests")
            ],
        ),
        (
            {"containers": [container(restartPolicyRules=[{"action": "Restart"}] * 21)]},
            [
                "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
                "spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items",
                *(
                    f"spec.containers[0].restartPolicyRules[{index}].exitCodes: Required value: must be specified"
                    for index in range(21)
                ),
            ],
        ),
        (
            {
                "containers": [container()],
                "initContainers": [
                    container("i", resizePolicy=[{"resourceName": "cpu", "restartPolicy": "RestartContainer"}])
                ],
            },
            [
                'spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set '
                "to 'RestartContainer' for non-sidecar initContainers"
            ],
        ),
    ],
)
def test_what_containers_and_their_pod_disagree_on(spec: dict[str, Any], expected: list[str]) -> None:
    assert refusals(Pod, {"spec": spec}) == expected
