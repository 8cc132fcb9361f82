"""A node writes the persistent volumes that are bound to itself, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from tests.core.api.test_rbac import As
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

VOLUMES = "/api/v1/persistentvolumes"
MERGE = "application/merge-patch+json"


def volume(name: str, *nodes: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"},
    }  # fmt: skip
    if nodes:
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}}
    return {"metadata": {"name": name}, "spec": spec}


@pytest.fixture
def agent(server: ApiServer) -> As:
    return As(server, "system:node:n", "system:nodes")


async def test_its_own_volumes_come_and_go(agent: As) -> None:
    assert (await agent.request("POST", VOLUMES, volume("own", "n"))).code == 201
    assert (await agent.request("DELETE", f"{VOLUMES}/own")).code == 200


@pytest.mark.parametrize("nodes", [(), ("m",), ("n", "m")])
async def test_it_makes_none_for_others(agent: As, nodes: tuple[str, ...]) -> None:
    answer = await agent.request("POST", VOLUMES, volume("evil", *nodes))
    assert answer.code == 403
    assert 'node "n" can only write persistent volumes that are on itself' in answer.json["message"]


async def test_it_leaves_those_of_others(api: AsgiClient, agent: As) -> None:
    assert (await api.post(VOLUMES, volume("theirs", "m"))).code == 201
    assert (await agent.request("DELETE", f"{VOLUMES}/theirs")).code == 403
    labels = {"metadata": {"labels": {"a": "b"}}}
    assert (await agent.request("PATCH", f"{VOLUMES}/theirs", labels, MERGE)).code == 403
