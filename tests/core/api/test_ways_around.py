"""Ways to write a request that could lead around what its sender may do, and none does."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import Attributes, User
from sampan.plugins.auth.node_authorizer import NodeAuthorizer
from sampan.plugins.auth.rbac.notation import on, user
from tests.core.api.test_rbac import As, give, jane  # noqa: F401 - the fixture
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

HERE = "/api/v1/namespaces/default"
MAPS = f"{HERE}/configmaps"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_all_rights_in_a_namespace_are_none_to_another(api: AsgiClient, jane: As, method: str) -> None:  # noqa: F811
    assert (await api.post("/api/v1/namespaces", {"metadata": {"name": "other"}})).code == 201
    await give(api, "owner", [user("jane")], on("*", "*", "*"), namespace="default")
    assert (await jane.request("GET", HERE)).code == 200
    for path in (f"{HERE}/namespaces/other", f"{HERE}/namespaces/other/status", f"{HERE}/namespaces/other/finalize"):
        assert (await jane.request(method, path, {})).code == 404
    assert (await api.get("/api/v1/namespaces/other")).json["status"]["phase"] == "Active"


async def test_all_rights_in_a_namespace_list_no_others(api: AsgiClient, jane: As) -> None:  # noqa: F811
    await give(api, "owner", [user("jane")], on("*", "*", "*"), namespace="default")
    assert (await jane.request("GET", f"{HERE}/namespaces")).code == 404
    assert (await jane.request("POST", f"{HERE}/namespaces", {"metadata": {"name": "mine"}})).code == 404
    assert (await jane.request("DELETE", f"{HERE}/namespaces")).code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["configmaps", "configmaps/a"])
async def test_a_right_to_watch_is_none_to_write(api: AsgiClient, jane: As, method: str, path: str) -> None:  # noqa: F811
    await api.post(MAPS, {"metadata": {"name": "a"}})
    await give(api, "watcher", [user("jane")], on("watch", "", "configmaps"))
    answer = await jane.request(method, f"/api/v1/watch/namespaces/default/{path}", {"metadata": {"name": "b"}})
    assert answer.code == 405
    assert [each["metadata"]["name"] for each in (await api.get(MAPS)).json["items"]] == ["a"]


async def test_a_right_to_watch_is_none_to_read_what_is_below(api: AsgiClient, jane: As) -> None:  # noqa: F811
    await give(api, "watcher", [user("jane")], on("watch", "", "pods/log pods/proxy pods/exec pods/status"))
    for below in ("log", "proxy", "exec", "status"):
        assert (await jane.request("GET", f"/api/v1/watch/namespaces/default/pods/p/{below}")).code in (404, 405)


async def test_the_old_prefix_watches(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a"}})
    await api.post(MAPS, {"metadata": {"name": "b"}})
    for path, names in (("configmaps", ["a", "b"]), ("configmaps/b", ["b"])):
        answer = await api.get(f"/api/v1/watch/namespaces/default/{path}?timeoutSeconds=1")
        events = [orjson.loads(line) for line in answer.raw.splitlines()]
        assert [(each["type"], each["object"]["metadata"]["name"]) for each in events] == [("ADDED", n) for n in names]


HIDDEN = r"\,metadata.name=allowed"
"""The comma is part of the value in front of it, so that this is no requirement."""


@pytest.mark.parametrize("begin", ["type!=a", r"type!=a\\", "metadata.name!=b"])
async def test_a_right_to_one_name_lists_no_others(api: AsgiClient, jane: As, begin: str) -> None:  # noqa: F811
    await api.post(f"{HERE}/secrets", {"metadata": {"name": "other"}})
    await give(api, "one", [user("jane")], on("list watch deletecollection", "", "secrets", "allowed"))
    asked = f"{HERE}/secrets?fieldSelector={quote(begin + HIDDEN)}"
    assert (await jane.request("GET", asked)).code == 403
    assert (await jane.request("GET", f"{asked}&watch=true&timeoutSeconds=1")).code == 403
    assert (await jane.request("DELETE", asked)).code == 403
    assert (await jane.request("GET", f"{HERE}/secrets?fieldSelector=metadata.name%3D%3Dallowed")).code == 200


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ("spec.nodeName=n", "allow"),
        ("spec.nodeName==n,metadata.namespace=default", "allow"),
        ("spec.nodeName!=n", "no-opinion"),
        (r"metadata.name!=a\,spec.nodeName=n", "no-opinion"),
    ],
)
async def test_a_node_lists_its_own_pods_alone(server: ApiServer, fields: str, verdict: str) -> None:
    agent = User(name="system:node:n", groups=("system:nodes",))
    asked = Attributes(user=agent, verb="list", version="v1", resource="pods", field_selector=fields)
    assert (await NodeAuthorizer(server.pipeline.reader).authorize(asked)).verdict == verdict


async def test_a_node_reads_the_secrets_of_its_pods_volumes_alone(api: AsgiClient, server: ApiServer) -> None:
    await api.post(f"{HERE}/secrets", {"metadata": {"name": "key"}})
    source = {
        "driver": "d.example.com",
        "volumeHandle": "7",
        "nodeStageSecretRef": {"name": "key", "namespace": "default"},
    }
    claim = {"kind": "PersistentVolumeClaim", "namespace": "default", "name": "data"}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": source, "claimRef": claim}
    await api.post("/api/v1/persistentvolumes", {"metadata": {"name": "pv"}, "spec": spec})
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    pod = {"nodeName": "n", "containers": [{"name": "c", "image": "i"}], "volumes": volumes}
    made = await api.post(f"{HERE}/pods", {"metadata": {"name": "p"}, "spec": pod})
    assert made.code == 201

    async def verdict(node: str) -> str:
        agent = User(name=f"system:node:{node}", groups=("system:nodes",))
        asked = Attributes(user=agent, verb="get", version="v1", resource="secrets", namespace="default", name="key")
        return (await NodeAuthorizer(server.pipeline.reader).authorize(asked)).verdict

    assert (await verdict("n"), await verdict("m")) == ("allow", "no-opinion")
