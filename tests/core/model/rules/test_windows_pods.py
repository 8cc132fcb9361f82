"""Pods for Windows: what they cannot have, and what only they have."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.builtin import Pod
from tests.support.rules import refusals

CONTAINER = {"name": "c", "image": "nginx"}
WINDOWS = {"os": {"name": "windows"}}


def options(**fields: Any) -> dict[str, Any]:
    return {"securityContext": {"windowsOptions": fields}}


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("user", []),
        ("DOMAIN\\user", []),
        ("a.b.c\\user", []),
        ("", ["runAsUserName cannot be an empty string"]),
        ("a\tb", ["runAsUserName cannot contain control characters"]),
        ("a\\b\\c", ["runAsUserName cannot contain more than one backslash"]),
        ("\\user", ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
        (".a\\user", ["runAsUserName's Domain doesn't match the NetBios nor the DNS format"]),
        ("D\\", ["runAsUserName's User cannot be empty"]),
        ("u" * 105, ["runAsUserName's User length must not be longer than 104 characters"]),
        (". .", ["runAsUserName's User cannot contain only periods or spaces"]),
        ("a:b", ["runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"]),
    ],
)
def test_user_names(name: str, problems: list[str]) -> None:
    found = refusals(Pod, {"spec": {"containers": [CONTAINER], **options(runAsUserName=name)}})
    assert [each.rpartition("runAsUserName")[2] for each in found] == [
        each.removeprefix("runAsUserName") for each in problems
    ]
    assert all(each.startswith("spec.securityContext.windowsOptions.runAsUserName: Invalid value: ") for each in found)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {**WINDOWS, "hostPID": True, "shareProcessNamespace": False, "securityContext": {"fsGroup": 1}},
            ["spec.hostPID", "spec.securityContext.fsGroup", "spec.shareProcessNamespace"],
        ),
        (
            {
                **WINDOWS,
                "containers": [{**CONTAINER, "securityContext": {"privileged": False, "runAsUser": 1}}],
                "resources": {"requests": {"cpu": "1"}},
            },
            [
                "spec.resources",
                "spec.containers[0].securityContext.privileged",
                "spec.containers[0].securityContext.runAsUser",
            ],
        ),
        ({**WINDOWS, "hostPID": False, "hostIPC": False, **options(runAsUserName="u")}, []),
        ({"os": {"name": "linux"}, **options(runAsUserName="u")}, ["spec.securityContext.windowsOptions"]),
        ({**options(hostProcess=True)}, ["spec.hostNetwork"]),
        ({**options(hostProcess=True), "hostNetwork": True}, []),
        (
            {
                "containers": [{**CONTAINER, **options(hostProcess=True)}, {**CONTAINER, "name": "d"}],
                "hostNetwork": True,
            },
            ["spec"],
        ),
        (
            {
                "containers": [{**CONTAINER, **options(hostProcess=True)}],
                "hostNetwork": True,
                **options(hostProcess=False),
            },
            ["spec.containers[0].securityContext.windowsOptions.hostProcess"],
        ),
    ],
)
def test_what_does_not_go_together(spec: dict[str, Any], expected: list[str]) -> None:
    found = refusals(Pod, {"spec": {"containers": [CONTAINER], **spec}})
    assert [each.partition(":")[0] for each in found] == expected
