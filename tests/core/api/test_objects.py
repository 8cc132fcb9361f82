"""Create, read, update, patch and delete over the ASGI app, as a client sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.errors import Timeout
from sampan.core.model.networking_v1.network_policy import NetworkPolicy
from sampan.core.store.watch_cache import WatchCache
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def config_map(name: str, data: dict[str, str] | None = None, **meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **meta}, "data": data or {"k": "v"}}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}], **spec}}


async def test_what_is_created_can_be_read_at_once_and_only_once_created(api: AsgiClient) -> None:
    made = await api.post(MAPS, config_map("a"))
    read = await api.get(f"{MAPS}/a")
    again = await api.post(MAPS, config_map("a"))

    assert (made.code, read.code, again.code) == (201, 200, 409)
    assert made.raw == read.raw
    assert made.json["metadata"]["resourceVersion"].isdigit()
    assert again.json["details"] == {"name": "a", "kind": "configmaps"}


async def test_generated_names_differ(api: AsgiClient) -> None:
    body = {"metadata": {"generateName": "gen-"}}
    names = {(await api.post(MAPS, body)).json["metadata"]["name"] for _ in range(5)}
    assert len(names) == 5
    assert all(name.startswith("gen-") and len(name) == 9 for name in names)


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(api: AsgiClient) -> None:
    answer = await api.post(MAPS, config_map("big", {"k": "x" * (3 * 1024 * 1024)}))
    assert (answer.code, answer.json["reason"]) == (413, "RequestEntityTooLarge")
    assert (await api.get(f"{MAPS}/big")).code == 404


async def test_unknown_fields_are_warned_about_or_refused(api: AsgiClient) -> None:
    warned = await api.post(MAPS, {**config_map("a"), "extra": 1})
    refused = await api.post(f"{MAPS}?fieldValidation=Strict", {**config_map("b"), "extra": 1})
    assert warned.code == 201
    assert warned.warnings == ('299 - "unknown field \\"extra\\""',)
    assert (refused.code, refused.warnings) == (400, ())


async def test_who_writes_what_nothing_acts_on_is_told(api: AsgiClient) -> None:
    classes = "/apis/resource.k8s.io/v1/deviceclasses"
    said = ('299 - "DeviceClass is stored without effect: no devices are given out"',)
    made = await api.post(classes, {"metadata": {"name": "gpu"}, "spec": {}})
    changed = await api.patch(f"{classes}/gpu", {"spec": {"extendedResourceName": "example.com/gpu"}})
    assert (made.code, made.warnings) == (201, said)
    assert (changed.code, changed.warnings) == (200, said)


async def test_also_what_nothing_acts_on_in_this_cluster_alone(api: AsgiClient, server: ApiServer) -> None:
    policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    policy = {"metadata": {"name": "shut"}, "spec": {"podSelector": {}}}
    assert (await api.post(f"{policies}?dryRun=All", policy)).warnings == ()
    server.warn_of(NetworkPolicy, "there is no firewall")
    made = await api.post(policies, policy)
    assert made.warnings == ('299 - "NetworkPolicy is stored without effect: there is no firewall"',)


async def test_an_update_needs_the_version_it_names_and_nothing_else_changes(api: AsgiClient) -> None:
    made = (await api.post(MAPS, config_map("a"))).json
    changed = await api.put(f"{MAPS}/a", {**made, "data": {"k": "w"}})
    stale = await api.put(f"{MAPS}/a", {**made, "data": {"k": "z"}})
    blind = await api.put(f"{MAPS}/a", config_map("a", {"k": "blind"}))

    assert (changed.code, stale.code, blind.code) == (200, 409, 200)
    for field in ("uid", "creationTimestamp"):
        assert blind.json["metadata"][field] == made["metadata"][field]


async def test_a_write_that_changes_nothing_makes_no_new_version(api: AsgiClient) -> None:
    made = (await api.post(MAPS, config_map("a"))).json
    same = (await api.patch(f"{MAPS}/a", {"data": {"k": "v"}})).json
    assert same["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_patches_of_one_object_at_once_all_take_effect(api: AsgiClient) -> None:
    await api.post(MAPS, config_map("a"))
    await asyncio.gather(*(api.patch(f"{MAPS}/a", {"data": {f"k{n}": "x"}}) for n in range(8)))
    assert len((await api.get(f"{MAPS}/a")).json["data"]) == 9


@pytest.mark.parametrize(
    ("kind", "patch", "data"),
    [
        ("merge", {"data": {"k": None, "m": "1"}}, {"m": "1"}),
        ("strategic", {"data": {"m": "1"}}, {"k": "v", "m": "1"}),
        ("json", [{"op": "replace", "path": "/data/k", "value": "w"}], {"k": "w"}),
    ],
)
async def test_patch_formats(api: AsgiClient, kind: str, patch: Any, data: dict[str, str]) -> None:
    await api.post(MAPS, config_map("a"))
    assert (await api.patch(f"{MAPS}/a", patch, kind)).json["data"] == data


async def test_a_strategic_patch_may_name_another_kind(api: AsgiClient) -> None:
    await api.post(MAPS, config_map("a"))
    named = {"kind": "Scale", "apiVersion": "autoscaling/v1", "data": {"m": "1"}}
    patched = await api.patch(f"{MAPS}/a", named, "strategic")
    assert (patched.code, patched.json["kind"], patched.json["data"]) == (200, "ConfigMap", {"k": "v", "m": "1"})


async def test_a_patch_cannot_take_the_name_away(api: AsgiClient) -> None:
    await api.post(MAPS, config_map("a"))
    refused = await api.patch(f"{MAPS}/a", [{"op": "remove", "path": "/metadata/name"}], "json")
    assert (refused.code, "undeterminable" in refused.json["message"]) == (400, True)


@pytest.mark.parametrize(
    "kind", ["merge-patch+json", "strategic-merge-patch+json", "json-patch+json", "apply-patch+yaml"]
)
async def test_a_patch_gives_no_namespace_to_what_is_in_none(api: AsgiClient, kind: str) -> None:
    classes = "/apis/networking.k8s.io/v1/ingressclasses"
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "a", "namespace": "x"}}
    await api.post(classes, {"metadata": {"name": "a"}, "spec": {"controller": "example.com/c"}})
    patch: Any = [{"op": "add", "path": "/metadata/namespace", "value": "x"}] if kind.startswith("json") else made
    answer = await api.patch(f"{classes}/a?fieldManager=me", patch, kind=f"application/{kind}")
    assert answer.code == 200
    assert "namespace" not in answer.json["metadata"]


async def test_dry_runs_answer_as_if_and_store_nothing(api: AsgiClient) -> None:
    tried = await api.post(f"{MAPS}?dryRun=All", config_map("a"))
    assert (tried.code, (await api.get(f"{MAPS}/a")).code) == (201, 404)
    claimed = await api.post(f"{MAPS}?dryRun=All", config_map("a", resourceVersion="mine"))
    assert claimed.json["metadata"]["resourceVersion"] == "mine"

    made = (await api.post(MAPS, config_map("a"))).raw
    patched = await api.patch(f"{MAPS}/a?dryRun=All", {"data": {"k": "w"}})
    deleted = await api.delete(f"{MAPS}/a?dryRun=All")
    assert (patched.json["data"], deleted.code) == ({"k": "w"}, 200)
    assert (await api.get(f"{MAPS}/a")).raw == made


async def test_a_dry_run_hands_out_no_address(api: AsgiClient, server: ApiServer) -> None:
    body = {"metadata": {"name": "s"}, "spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 80}]}}
    path = "/api/v1/namespaces/default/services"
    assert (await api.post(f"{path}?dryRun=All", body)).code == 201
    assert (await api.post(path, body)).code == 201


async def test_status_and_the_rest_are_written_apart(api: AsgiClient) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    await api.post(DEPLOYMENTS, body)

    await api.patch(f"{DEPLOYMENTS}/d", {"spec": {"replicas": 3}, "status": {"replicas": 9}})
    after = (await api.patch(f"{DEPLOYMENTS}/d/status", {"spec": {"replicas": 7}, "status": {"replicas": 2}})).json

    assert (after["spec"]["replicas"], after["status"]["replicas"]) == (3, 2)
    assert after["metadata"]["generation"] == 2


async def test_finalizers_hold_an_object_until_the_last_is_gone(api: AsgiClient) -> None:
    await api.post(MAPS, config_map("a", finalizers=["example.com/one"]))
    held = await api.delete(f"{MAPS}/a")
    again = await api.post(MAPS, config_map("a"))
    assert (again.code, again.json["message"]) == (409, 'object is being deleted: configmaps "a" already exists')
    added = await api.patch(f"{MAPS}/a", {"metadata": {"finalizers": ["example.com/one", "example.com/two"]}})
    assert held.json["metadata"]["deletionTimestamp"]
    assert added.code == 422

    assert (await api.patch(f"{MAPS}/a", {"metadata": {"finalizers": None}})).code == 200
    assert (await api.get(f"{MAPS}/a")).code == 404


@pytest.mark.parametrize(("policy", "finalizer"), [("Orphan", "orphan"), ("Foreground", "foregroundDeletion")])
async def test_propagation_is_left_to_the_garbage_collector(api: AsgiClient, policy: str, finalizer: str) -> None:
    await api.post(MAPS, config_map("a"))
    held = await api.delete(f"{MAPS}/a?propagationPolicy={policy}")
    assert held.json["metadata"]["finalizers"] == [finalizer]


async def test_preconditions_guard_a_delete(api: AsgiClient) -> None:
    made = (await api.post(MAPS, config_map("a"))).json["metadata"]
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        assert (await api.delete(f"{MAPS}/a", {"preconditions": wrong})).code == 409
    right = {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}
    assert (await api.delete(f"{MAPS}/a", {"preconditions": right})).code == 200


async def test_a_pod_on_a_node_gets_its_grace_and_may_only_be_hurried(api: AsgiClient) -> None:
    await api.post(PODS, pod("p", nodeName="n"))
    first = (await api.delete(f"{PODS}/p")).json["metadata"]
    longer = (await api.delete(f"{PODS}/p?gracePeriodSeconds=60")).json["metadata"]
    shorter = (await api.delete(f"{PODS}/p?gracePeriodSeconds=5")).json["metadata"]

    assert (first["deletionGracePeriodSeconds"], first["deletionTimestamp"]) == (30, "2030-01-01T00:00:30Z")
    assert longer == first
    assert (shorter["deletionGracePeriodSeconds"], shorter["deletionTimestamp"]) == (5, "2030-01-01T00:00:05Z")
    assert (await api.get(f"{PODS}/p")).code == 200
    await api.delete(f"{PODS}/p?gracePeriodSeconds=0")
    assert (await api.get(f"{PODS}/p")).code == 404


async def test_a_pod_whose_removal_was_interrupted_goes_with_the_next_delete(
    api: AsgiClient, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the write that marks it and the one that removes it."""
    await api.post(PODS, pod("p", nodeName="n"))

    async def killed(*_: Any) -> Any:
        raise OSError("the process is gone")

    with monkeypatch.context() as patched:
        patched.setattr(store, "delete", killed)
        assert (await api.delete(f"{PODS}/p?gracePeriodSeconds=0")).code == 500
    assert (await api.get(f"{PODS}/p")).json["metadata"]["deletionGracePeriodSeconds"] == 0
    assert (await api.delete(f"{PODS}/p")).code == 200
    assert (await api.get(f"{PODS}/p")).code == 404


async def test_an_address_belongs_to_a_service_that_the_cache_is_slow_to_show(
    api: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    services, address = "/api/v1/namespaces/default/services", "10.96.0.9"
    wanted = {"spec": {"clusterIP": address, "ports": [{"port": 80}]}}

    async def late(*_: Any) -> None:
        raise Timeout("not yet")

    with monkeypatch.context() as patched:
        patched.setattr(WatchCache, "wait_until", late)
        assert (await api.post(services, {"metadata": {"name": "a"}, **wanted})).code == 201
    assert (await api.post(services, {"metadata": {"name": "b"}, **wanted})).code == 422


async def test_deletecollection_takes_what_is_selected(api: AsgiClient) -> None:
    for name, colour in (("a", "red"), ("b", "blue")):
        await api.post(MAPS, config_map(name, labels={"colour": colour}))
    gone = await api.delete(f"{MAPS}?labelSelector=colour%3Dred")
    left = await api.get(MAPS)
    assert [item["metadata"]["name"] for item in gone.json["items"]] == ["a"]
    assert [item["metadata"]["name"] for item in left.json["items"]] == ["b"]


async def test_deletecollection_lists_as_it_is_told(api: AsgiClient) -> None:
    for name in "abc":
        await api.post(MAPS, {"metadata": {"name": name, "labels": {"some": "yes"}}})
    some = f"{MAPS}?labelSelector=some"
    first = (await api.delete(f"{some}&limit=2")).json
    assert [item["metadata"]["name"] for item in first["items"]] == ["a", "b"]
    assert first["metadata"]["continue"]
    assert [item["metadata"]["name"] for item in (await api.get(some)).json["items"]] == ["c"]


async def test_preconditions_may_stand_in_the_query(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "kept"}})
    assert (await api.delete(f"{MAPS}/kept?uid=other")).code == 409
    assert (await api.delete(f"{MAPS}/kept?dryRun=")).code == 422
    assert (await api.get(f"{MAPS}/kept")).code == 200


@pytest.mark.parametrize(("path", "code"), [("..", 400), ("50%25", 400), ("a%2Fb", 404)])
async def test_names_that_no_object_has(api: AsgiClient, path: str, code: int) -> None:
    assert (await api.get(f"{MAPS}/{path}")).code == code


async def test_a_namespace_turns_terminating_and_takes_nothing_new(api: AsgiClient) -> None:
    await api.post("/api/v1/namespaces", {"metadata": {"name": "old"}})
    ended = (await api.delete("/api/v1/namespaces/old")).json
    late = await api.post("/api/v1/namespaces/old/configmaps", config_map("a"))
    assert ended["status"]["phase"] == "Terminating"
    assert (late.code, late.causes) == (403, [("NamespaceTerminating", "metadata.namespace")])

    await api.put("/api/v1/namespaces/old/finalize", {**ended, "spec": {"finalizers": []}})
    await api.delete("/api/v1/namespaces/old")
    assert (await api.get("/api/v1/namespaces/old")).code == 404


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/nope", 404),
        ("GET", f"{MAPS}/a/nope", 404),
        ("PUT", MAPS, 405),
        ("POST", f"{MAPS}/a", 405),
        ("DELETE", "/api/v1/namespaces", 405),
        ("POST", "/api/v1/pods", 405),
        ("POST", "/version", 405),
    ],
)
async def test_paths_and_methods_that_there_are_not(api: AsgiClient, method: str, path: str, code: int) -> None:
    answer = await api.request(method, path, {})
    assert (answer.code, answer.json["details"]) == (code, {})


async def test_a_bug_is_answered_with_a_status_and_logged(
    api: AsgiClient, server: ApiServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(server.pipeline.gates), "authorize", broken, raising=True)
    answer = await api.get(MAPS)
    assert (answer.code, answer.json["reason"]) == (500, "InternalError")
    assert "secret" not in answer.json["message"]
    assert "a secret of the inside" in caplog.text


async def test_an_owner_is_named_once(api: AsgiClient) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u", "controller": True}
    made = await api.post(MAPS, config_map("a", ownerReferences=[owner, owner]))
    assert (made.code, made.json["metadata"]["ownerReferences"]) == (201, [owner])
    assert "duplicate UID(s) observed: u" in made.warnings[0]
    patched = await api.patch(f"{MAPS}/a", {"metadata": {"ownerReferences": [owner, owner]}})
    assert "after mutating admission" in patched.warnings[0]


async def test_an_owner_that_says_nothing_is_refused_and_no_error_of_the_server(api: AsgiClient) -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [{}]}}
    applied = await api.patch(f"{MAPS}/owned?fieldManager=m", obj, "application/apply-patch+yaml")
    assert applied.code == 422
    fields = [cause["field"].rpartition(".")[2] for cause in applied.json["details"]["causes"]]
    assert fields == ["apiVersion", "kind", "name", "uid"]
