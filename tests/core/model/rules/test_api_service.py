"""What an APIService may not be."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.model.rules.apiregistration_v1.api_service import validate_api_service

SPEC = {"group": "a.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10}
SERVICE = {"namespace": "n", "name": "s", "port": 443}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"service": SERVICE}, []),
        ({}, []),
        ({"service": {"port": 70000}}, ["spec.service.namespace", "spec.service.name", "spec.service.port"]),
        ({"service": SERVICE, "insecureSkipTLSVerify": True, "caBundle": "YQ=="}, ["spec.insecureSkipTLSVerify"]),
        ({"insecureSkipTLSVerify": True, "caBundle": "YQ=="}, ["spec.caBundle", "spec.insecureSkipTLSVerify"]),
        ({"groupPriorityMinimum": 0, "versionPriority": 1001}, ["spec.groupPriorityMinimum", "spec.versionPriority"]),
        ({"group": "Bad Group"}, ["metadata.name", "spec.group"]),
        ({"version": "1"}, ["metadata.name", "spec.version"]),
    ],
)
def test_what_is_refused(spec: dict[str, Any], fields: list[str]) -> None:
    obj = {"metadata": {"name": "v1.a.example.com"}, "spec": {**SPEC, **spec}}
    assert [cause.field for cause in validate_api_service(obj, "")] == fields
