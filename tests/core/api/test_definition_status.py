"""What a client may write into a definition's status."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BOATS: dict[str, Any] = {
    "metadata": {"name": "boats.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "boats", "kind": "Boat"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}},
        ],
    },
}  # fmt: skip


async def test_a_condition_without_a_type_can_be_read_by_controllers(api: AsgiClient, server: ApiServer) -> None:
    assert (await api.post(DEFINITIONS, BOATS)).code == 201
    patch = [{"op": "add", "path": "/status/conditions", "value": [{"message": "patched"}]}]
    patched = await api.patch(f"{DEFINITIONS}/boats.example.com/status", patch, "json")
    assert patched.json["status"]["conditions"] == [{"type": "", "status": "", "message": "patched"}]
    [condition] = (await server.client().get(CustomResourceDefinition, "", "boats.example.com")).status.conditions
    assert condition.message == "patched"


async def test_a_version_goes_once_nothing_is_stored_in_it_any_more(api: AsgiClient) -> None:
    boats, second = f"{DEFINITIONS}/boats.example.com", {**BOATS["spec"]["versions"][0], "name": "v2"}
    assert (await api.post(DEFINITIONS, BOATS)).code == 201
    both = {"spec": {"versions": [{**second, "name": "v1", "storage": False}, second]}}
    assert (await api.patch(boats, both, "merge")).json["status"]["storedVersions"] == ["v1", "v2"]
    alone = {"spec": {"versions": [second]}}
    refused = await api.patch(boats, alone, "merge")
    assert refused.json["details"]["causes"][0]["field"] == "status.storedVersions[0]"
    written = await api.patch(f"{boats}/status", {"status": {"storedVersions": ["v2"]}}, "merge")
    assert written.json["status"]["storedVersions"] == ["v2"]
    kept = await api.patch(boats, alone, "merge")
    assert [version["name"] for version in kept.json["spec"]["versions"]] == ["v2"]


async def test_a_changed_group_is_blamed_as_such(api: AsgiClient) -> None:
    assert (await api.post(DEFINITIONS, BOATS)).code == 201
    patched = await api.patch(f"{DEFINITIONS}/boats.example.com", {"spec": {"group": "other.example.com"}}, "merge")
    assert [cause["field"] for cause in patched.json["details"]["causes"]] == ["spec.group"]
