"""Custom resources, from their definition to their end: a whole control plane, asked over HTTPS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sampan.core.api.definitions import Definitions
from sampan.core.client.http import HttpClient
from sampan.core.contracts.controller import Key, Lister, Watch
from sampan.core.contracts.plan import NOTHING, Patch, Plan
from sampan.core.errors import ApiError, BadRequest, Forbidden, Invalid, NotFound
from sampan.core.model.builtin import ConfigMap, CustomResourceDefinition, Namespace, ResourceQuota
from sampan.core.model.core_v1.resource_quota import ResourceQuotaSpec
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import Quantity, evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.unstructured import unstructured
from sampan.core.reconcile.engine import Engine
from sampan.core.schema.patch import MERGE_PATCH
from sampan.core.store.entry import Entry
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.wait import soon

pytestmark = pytest.mark.anyio

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BOATS = "/apis/sea.test/v1/namespaces/default/boats"
Boat = unstructured("sea.test/v1", "Boat", "boats")


def definition(plural: str = "boats", kind: str = "Boat", group: str = "sea.test", **version: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema(masts={"type": "integer", "minimum": 1})},
                    **version,
                }
            ],
        },
    }


def schema(**spec: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": spec}}}


def boat(name: str, namespace: str = "default", **meta: Any) -> KubeObject:
    return Boat(metadata=ObjectMeta(name=name, namespace=namespace, **meta), content={"spec": {"masts": 2}})


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[ControlPlane]:
    async with control_plane(tmp_path, controllers=True) as made:
        yield made


@pytest.fixture
def http(plane: ControlPlane) -> HttpClient:
    return plane.http_client()


async def gone(client: HttpClient, kind: type[KubeObject], namespace: str, name: str) -> None:
    async def is_gone() -> bool:
        try:
            await client.get(kind, namespace, name)
        except NotFound:
            return True
        return False

    await soon(is_gone)


async def define(client: HttpClient, body: dict[str, Any]) -> None:
    """Create a definition, and wait as ``kubectl wait --for=condition=established`` does."""
    name = body["metadata"]["name"]
    await client.request("POST", CRDS, body)

    async def established() -> bool:
        found = await client.get(CustomResourceDefinition, "", name)
        return any(each.type == "Established" and each.status == "True" for each in found.status.conditions)

    await soon(established)


async def test_a_kind_is_there_as_soon_as_its_definition_is_established(http: HttpClient) -> None:
    with pytest.raises(NotFound):
        await http.list(Boat)
    await define(http, definition())
    made = await http.create(boat("a"))
    assert (await http.get(Boat, "default", "a")) == made
    group = await http.request("GET", "/apis/sea.test/v1")
    assert [each["name"] for each in group["resources"]] == ["boats"]
    openapi = await http.request("GET", "/openapi/v3/apis/sea.test/v1")
    assert openapi["components"]["schemas"]["test.sea.v1.Boat"]["properties"]["spec"]["properties"]["masts"]


async def test_a_bug_in_one_definition_keeps_no_other_from_being_served(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take = Definitions._take

    async def breaks(self: Definitions, entry: Entry) -> None:
        if entry.wire["metadata"]["name"] == "wrecks.sea.test":
            raise KeyError("a bug")
        await take(self, entry)

    monkeypatch.setattr(Definitions, "_take", breaks)
    await http.request("POST", CRDS, definition("wrecks", "Wreck"))
    await http.request("POST", CRDS, definition())
    await soon(lambda: http.request("GET", BOATS), "the other kind is served", but=(NotFound,))
    assert "the definition wrecks.sea.test could not be followed" in caplog.text


async def test_a_name_is_given_once_in_a_group(http: HttpClient) -> None:
    await define(http, definition())
    await http.request("POST", CRDS, definition("ships"))

    async def refused() -> bool:
        found = await http.get(CustomResourceDefinition, "", "ships.sea.test")
        return [(each.type, each.status, each.reason) for each in found.status.conditions] == [
            ("NamesAccepted", "False", "ListKindConflict"),
            ("Established", "False", "NotAccepted"),
        ]

    await soon(refused)
    await http.delete(CustomResourceDefinition, "", "boats.sea.test")

    async def accepted() -> bool:
        found = await http.get(CustomResourceDefinition, "", "ships.sea.test")
        return {each.type: each.status for each in found.status.conditions}["Established"] == "True"

    await soon(accepted)


class Launcher:
    """Marks every boat that it sees."""

    name = "launcher"
    watches: Sequence[Watch] = (Watch(kind=Boat),)

    def reconcile(self, key: Key, state: Lister, now: datetime) -> Plan:
        found = state.get(Boat, key.namespace, key.name)
        if found is None or "launched" in found.metadata.labels:
            return NOTHING
        patch = {"metadata": {"labels": {"launched": "yes"}}}
        return Plan(actions=(Patch(kind=Boat, namespace=key.namespace, name=key.name, patch=patch),))


async def test_a_controller_that_came_later_sees_the_objects(plane: ControlPlane, http: HttpClient) -> None:
    await define(http, definition())
    await http.create(boat("a"))
    engine = Engine([Launcher()], lambda name: http)
    await engine.start()
    try:
        await http.create(boat("b"))

        async def launched() -> bool:
            return len((await http.list(Boat, label_selector="launched=yes")).items) == 2

        await soon(launched)
    finally:
        await engine.stop()


async def test_objects_are_collected_with_their_owners(http: HttpClient) -> None:
    await define(http, definition())
    owner = await http.create(ConfigMap(metadata=ObjectMeta(name="owner", namespace="default")))
    of_map = OwnerReference(api_version="v1", kind="ConfigMap", name="owner", uid=owner.metadata.uid or "")
    fleet = await http.create(boat("a", owner_references=(of_map,)))
    of_boat = OwnerReference(api_version="sea.test/v1", kind="Boat", name="a", uid=fleet.metadata.uid or "")
    await http.create(ConfigMap(metadata=ObjectMeta(name="cargo", namespace="default", owner_references=(of_boat,))))
    await http.delete(ConfigMap, "default", "owner")
    await gone(http, Boat, "default", "a")
    await gone(http, ConfigMap, "default", "cargo")


async def test_objects_go_with_their_namespace(http: HttpClient) -> None:
    await define(http, definition())
    await http.create(Namespace(metadata=ObjectMeta(name="harbour")))
    await http.create(boat("a", "harbour"))
    await http.create(boat("b", "harbour", finalizers=("sea.test/anchored",)))
    await http.delete(Namespace, "", "harbour")
    await gone(http, Boat, "harbour", "a")
    ending = await http.get(Namespace, "", "harbour")
    assert ending.metadata.deletion_timestamp is not None
    anchored = await http.get(Boat, "harbour", "b")
    await http.update(evolve(anchored, metadata=evolve(anchored.metadata, finalizers=())))
    await gone(http, Namespace, "", "harbour")


async def test_objects_go_with_their_definition(http: HttpClient) -> None:
    await define(http, definition())
    await http.create(boat("a"))
    await http.create(boat("b", finalizers=("sea.test/anchored",)))
    await http.delete(CustomResourceDefinition, "", "boats.sea.test")
    await gone(http, Boat, "default", "a")
    with pytest.raises(Forbidden, match="terminating"):
        await http.create(boat("c"))
    anchored = await http.get(Boat, "default", "b")
    await http.update(evolve(anchored, metadata=evolve(anchored.metadata, finalizers=())))
    await gone(http, CustomResourceDefinition, "", "boats.sea.test")
    with pytest.raises(NotFound):
        await http.list(Boat)


async def test_a_new_schema_counts_for_objects_that_are_there(http: HttpClient) -> None:
    await define(http, definition())
    await http.create(boat("a"))
    with pytest.raises(Invalid):
        await http.create(Boat(metadata=ObjectMeta(name="b", namespace="default"), content={"spec": {"masts": 0}}))
    wider = schema(masts={"type": "integer"}, flag={"type": "string", "default": "red"})
    patch = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": wider}]
    await http.patch(CustomResourceDefinition, "", "boats.sea.test", patch, type="json")
    await http.create(Boat(metadata=ObjectMeta(name="b", namespace="default"), content={"spec": {"masts": 0}}))
    assert (await http.get(Boat, "default", "a")).spec == {"masts": 2, "flag": "red"}
    assert [item.spec["flag"] for item in (await http.list(Boat)).items] == ["red", "red"]


async def test_what_a_tighter_schema_refuses_can_still_be_changed_elsewhere(http: HttpClient) -> None:
    await define(
        http, definition(schema={"openAPIV3Schema": schema(masts={"type": "integer"}, flag={"type": "string"})})
    )
    await http.create(Boat(metadata=ObjectMeta(name="a", namespace="default"), content={"spec": {"masts": 0}}))
    tighter = schema(masts={"type": "integer", "minimum": 1}, flag={"type": "string"})
    patch = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": tighter}]
    await http.patch(CustomResourceDefinition, "", "boats.sea.test", patch, type="json")
    assert (await http.patch(Boat, "default", "a", {"spec": {"flag": "red"}})).spec == {"masts": 0, "flag": "red"}
    with pytest.raises(Invalid):
        await http.patch(Boat, "default", "a", {"spec": {"masts": -1}})


async def test_objects_that_fit_their_kind_no_more_are_read_watched_counted_and_collected(http: HttpClient) -> None:
    free = {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    await define(http, definition(schema={"openAPIV3Schema": free}))
    await http.create(Namespace(metadata=ObjectMeta(name="harbour")))
    owner = await http.create(ConfigMap(metadata=ObjectMeta(name="owner", namespace="default")))
    of_map = OwnerReference(api_version="v1", kind="ConfigMap", name="owner", uid=owner.metadata.uid or "")
    odd = {"spec": {"masts": "many", "crew": {"captain": None}, "flag": ["red"], "gone": 1}}
    await http.create(evolve(boat("a", owner_references=(of_map,)), content=odd))
    await http.create(evolve(boat("b", "harbour"), content=odd))
    since = (await http.list(Boat)).resource_version
    strict = schema(
        masts={"type": "integer", "minimum": 1}, flag={"type": "object", "properties": {"colour": {"type": "string"}}},
        crew={"type": "object", "additionalProperties": {"type": "object", "properties": {"age": {"type": "integer"}}}},
    )  # fmt: skip
    patch = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": strict}]
    await http.patch(CustomResourceDefinition, "", "boats.sea.test", patch, type="json")
    shown = {"masts": "many", "crew": {}, "flag": ["red"]}
    assert (await http.get(Boat, "default", "a")).spec == shown
    assert [each.spec for each in (await http.list(Boat)).items] == [shown, shown]
    async with http.watch(Boat, resource_version=since) as events, asyncio.timeout(10):
        await http.patch(Boat, "default", "a", {"metadata": {"labels": {"old": "yes"}}})
        assert (await anext(events)).obj.spec == shown
        with pytest.raises(Invalid, match=r"spec\.masts"):
            await http.patch(Boat, "default", "a", {"spec": {"masts": "more"}})
        await http.delete(ConfigMap, "default", "owner")
        gone_boat = await anext(events)
        assert (gone_boat.type, gone_boat.obj.spec) == ("DELETED", shown)
    await http.delete(Namespace, "", "harbour")
    await gone(http, Namespace, "", "harbour")


async def test_an_object_has_the_defaults_of_the_version_that_it_is_stored_in(http: HttpClient) -> None:
    new = schema(masts={"type": "integer"}, flag={"type": "string", "default": "red"})
    old = schema(masts={"type": "integer"}, poles={"type": "integer"}, sail={"type": "string", "default": "grey"})
    body = definition(schema={"openAPIV3Schema": new})
    other = {"name": "v1beta1", "served": True, "storage": False, "schema": {"openAPIV3Schema": old}}
    body["spec"]["versions"].append(other)
    await define(http, body)
    OldBoat = unstructured("sea.test/v1beta1", "Boat", "boats")
    wanted = OldBoat(metadata=ObjectMeta(name="a", namespace="default"), content={"spec": {"masts": 1, "poles": 2}})
    assert (await http.create(wanted, dry_run=True)).spec == {"masts": 1}, "as it would be read"
    assert (await http.create(wanted)).spec == {"masts": 1}
    assert (await http.get(OldBoat, "default", "a")).spec == {"masts": 1}
    assert (await http.get(Boat, "default", "a")).spec == {"masts": 1, "flag": "red"}


async def test_a_quota_counts_custom_objects(http: HttpClient) -> None:
    await define(http, definition())
    hard = {"count/boats.sea.test": Quantity("2")}
    quota = ResourceQuota(metadata=ObjectMeta(name="fleet", namespace="default"), spec=ResourceQuotaSpec(hard=hard))
    await http.create(quota)
    await http.create(boat("a"))
    await http.create(boat("b"))
    said = (
        "exceeded quota: fleet, requested: count/boats.sea.test=1, used: count/boats.sea.test=2, limited: count/boats"
    )
    with pytest.raises(Forbidden, match=said):
        await http.create(boat("c"))

    async def used() -> str:
        status = (await http.get(ResourceQuota, "default", "fleet")).status
        return str(dict(status.used if status else {}).get("count/boats.sea.test"))

    async def is_full() -> bool:
        return await used() == "2"

    await soon(is_full)
    await http.delete(Boat, "default", "a")
    await http.create(boat("c"))


async def test_a_scale_is_a_number_where_the_definition_says(http: HttpClient) -> None:
    paths = {"specReplicasPath": ".spec.crew", "statusReplicasPath": ".status.crew", "labelSelectorPath": ".status.of"}
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    subresources = {"status": {}, "scale": paths}
    await define(http, definition(schema={"openAPIV3Schema": free}, subresources=subresources))
    for spec, words in (
        ("none", r"\.spec\.crew accessor error: none is of the type string, expected map\[string\]interface\{\}"),
        ({"crew": "two"}, r"\.spec\.crew accessor error: two is of the type string, expected int64"),
        ({"crew": -1}, "should be a non-negative integer"),
    ):
        with pytest.raises(Invalid, match=words):
            await http.create(evolve(boat("a"), content={"spec": spec}))
    await http.create(evolve(boat("a"), content={"spec": {}}))
    with pytest.raises(ApiError, match=r'the spec replicas field "\.spec\.crew" does not exist'):
        await http.request("GET", f"{BOATS}/a/scale")
    with pytest.raises(BadRequest, match=r'the spec replicas field "\.spec\.crew" cannot be empty'):
        await http.request("PATCH", f"{BOATS}/a/scale", {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE_PATCH)
    scaled = await http.request("PATCH", f"{BOATS}/a/scale", {"spec": {"replicas": 3}}, content_type=MERGE_PATCH)
    assert (scaled["spec"], (await http.get(Boat, "default", "a")).spec) == ({"replicas": 3}, {"crew": 3})


async def test_rules_are_asked_of_objects_and_of_their_changes(http: HttpClient) -> None:
    rules = [{"rule": "self.masts <= 3", "message": "too many masts"}, {"rule": "self.masts >= oldSelf.masts"}]
    body = schema(masts={"type": "integer"})
    body["properties"]["spec"]["x-kubernetes-validations"] = rules
    await define(http, definition(schema={"openAPIV3Schema": body}))
    with pytest.raises(Invalid, match="too many masts"):
        await http.create(Boat(metadata=ObjectMeta(name="a", namespace="default"), content={"spec": {"masts": 4}}))
    await http.create(boat("a"))
    with pytest.raises(Invalid, match=r"failed rule: self\.masts >= oldSelf\.masts"):
        await http.patch(Boat, "default", "a", {"spec": {"masts": 1}})
    wrong = schema(masts={"type": "integer", "x-kubernetes-validations": [{"rule": "self.nope"}]})
    only_required = {"required": ["nope"], "x-kubernetes-validations": [{"rule": "self.nope"}]}
    for each in (wrong, schema() | only_required):
        with pytest.raises(Invalid, match="compilation failed"):
            await http.request("POST", CRDS, definition("ships", "Ship", schema={"openAPIV3Schema": each}))


async def test_a_definition_outlives_the_control_plane(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'data.db'}"
    async with control_plane(tmp_path, controllers=True, store=store) as plane:
        await define(plane.http_client(), definition())
        await plane.client.create(boat("a"))
    async with control_plane(tmp_path, store=store) as plane:
        assert (await plane.client.get(Boat, "default", "a")).spec == {"masts": 2}


SCHEMA = "spec.validation.openAPIV3Schema"
ANY_OF = {"type": "string", "anyOf": [{"type": "string"}]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "string"}, f"{SCHEMA}.type"),
        ({"type": "object", "properties": {"a": {}}}, f"{SCHEMA}.properties[a].type"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, f"{SCHEMA}.additionalProperties"),
        (schema(a={"type": "array"}), f"{SCHEMA}.properties[spec].properties[a].items"),
        (schema(a=ANY_OF), f"{SCHEMA}.properties[spec].properties[a].anyOf[0].type"),
        (schema(a={"type": "string", "default": 5}), f"{SCHEMA}.properties[spec].properties[a].default"),
        (schema(a={"type": "nonsense"}), f"{SCHEMA}.properties[spec].properties[a].type"),
        (schema(a={"type": "string", "pattern": "("}), f"{SCHEMA}.properties[spec].properties[a].pattern"),
        (
            schema(a={"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
            f"{SCHEMA}.properties[spec].properties[a].uniqueItems",
        ),
        (
            {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"x": {"type": "string"}}}}},
            f"{SCHEMA}.properties[metadata]",
        ),
    ],
)
async def test_a_schema_that_is_not_structural_is_refused_at_its_place(
    http: HttpClient, wrong: dict[str, Any], field: str
) -> None:
    body = definition(schema={"openAPIV3Schema": wrong})
    with pytest.raises(ApiError) as refused:
        await http.request("POST", CRDS, body)
    assert field in {cause.field for cause in refused.value.causes}


async def test_a_change_of_nothing_stores_an_object_in_the_version_that_counts_now(
    plane: ControlPlane, http: HttpClient
) -> None:
    """As migrations do it before a version goes. Only where it is stored otherwise: else nothing is written."""
    await define(http, definition())
    await http.create(boat("old"))
    patch: list[dict[str, Any]] = [
        {"op": "replace", "path": "/spec/versions/0/storage", "value": False},
        {"op": "add", "path": "/spec/versions/-", "value": {**definition()["spec"]["versions"][0], "name": "v2"}},
    ]
    await http.patch(CustomResourceDefinition, "", "boats.sea.test", patch, type="json")
    newer = unstructured("sea.test/v2", "Boat", "boats")

    async def is_served() -> Any:
        return await http.get(newer, "default", "old")

    before = await soon(is_served, but=(NotFound,))
    key = "/registry/sea.test/boats/default/old"
    versions = []
    for _ in range(3):
        stored = await plane.api.pipeline.store.get(key)
        assert stored is not None
        versions.append((b"sea.test/v2" in stored.value, stored.revision))
        await http.update(await http.get(Boat, "default", "old"))
    assert [is_new for is_new, _ in versions] == [False, True, True]
    assert versions[1][1] == versions[2][1], "it is written once"
    assert str(versions[0][1]) == before.metadata.resource_version
