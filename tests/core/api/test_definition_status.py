"""What a client may write into a definition's status."""

from __future__ import annotations

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BOATS = {
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
