"""Versions of a custom kind that a webhook converts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from sampan.core.client.http import HttpClient
from sampan.core.errors import ApiError, Conflict, Expired, NotFound
from sampan.core.model.builtin import ConfigMap, CustomResourceDefinition, Namespace
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta, OwnerReference
from sampan.core.model.unstructured import Unstructured, unstructured
from sampan.core.testing.control_plane import control_plane
from sampan.core.testing.wait import soon
from tests.support.webhook import Webhook, webhook

pytestmark = pytest.mark.anyio

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
Boat = unstructured("conv.test/v1", "Boat", "boats")
OldBoat = unstructured("conv.test/v1beta1", "Boat", "boats")


def convert(review: dict[str, Any]) -> dict[str, Any]:
    """``spec.poles`` of v1beta1 is ``spec.masts`` of v1."""
    request = review["request"]
    wanted = request["desiredAPIVersion"]
    old, new = ("poles", "masts") if wanted.endswith("/v1") else ("masts", "poles")
    made = []
    for obj in request["objects"]:
        spec = {new if name == old else name: value for name, value in (obj.get("spec") or {}).items()}
        labels = {**(obj["metadata"].get("labels") or {}), "came-from": obj["apiVersion"].rpartition("/")[2]}
        made.append({**obj, "apiVersion": wanted, "spec": spec, "metadata": {**obj["metadata"], "labels": labels}})
    return answered(request, made)


def answered(request: dict[str, Any], made: list[Any], **result: Any) -> dict[str, Any]:
    response = {"uid": request["uid"], "convertedObjects": made, "result": {"status": "Success", **result}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": response}


def version(name: str, field: str, *, storage: bool) -> dict[str, Any]:
    spec = {"type": "object", "properties": {field: {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": spec}}
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}}


def definition(hook: Hook) -> dict[str, Any]:
    conversion = {"clientConfig": hook.client_config, "conversionReviewVersions": ["v1"]}
    return {
        "metadata": {"name": "boats.conv.test"},
        "spec": {
            "group": "conv.test",
            "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat"},
            "versions": [version("v1beta1", "poles", storage=False), version("v1", "masts", storage=True)],
            "conversion": {"strategy": "Webhook", "webhook": conversion},
        },
    }


def boat(kind: type[Unstructured], name: str, **spec: int) -> Unstructured:
    return kind(metadata=ObjectMeta(name=name, namespace="default"), content={"spec": spec})


@attrs.define
class Hook:
    """A webhook whose answer may change."""

    answer: Callable[[dict[str, Any]], Any] = convert
    served: Webhook | None = None

    @property
    def client_config(self) -> dict[str, Any]:
        assert self.served is not None
        return self.served.client_config

    @property
    def asked(self) -> int:
        assert self.served is not None
        return len(self.served.asked)


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    made = Hook()
    with webhook(tmp_path, lambda review: made.answer(review)) as made.served:
        yield made


@pytest.fixture
async def client(tmp_path: Path, hook: Hook) -> AsyncIterator[HttpClient]:
    async with control_plane(tmp_path, controllers=True) as plane:
        http = plane.http_client()
        await http.request("POST", CRDS, definition(hook))

        async def established() -> bool:
            found = await http.get(CustomResourceDefinition, "", "boats.conv.test")
            return any(each.type == "Established" and each.status == "True" for each in found.status.conditions)

        await soon(established)
        yield http


async def test_an_object_is_read_and_written_in_every_version(client: HttpClient) -> None:
    made = await client.create(boat(OldBoat, "a", poles=2))
    assert made.spec == {"poles": 2}
    new = await client.get(Boat, "default", "a")
    assert (new.spec, new.metadata.uid) == ({"masts": 2}, made.metadata.uid)
    await client.patch(Boat, "default", "a", {"spec": {"masts": 3}})
    old = await client.get(OldBoat, "default", "a")
    assert (old.spec, old.metadata.labels["came-from"]) == ({"poles": 3}, "v1")
    changed = await client.update(evolve(old, content={**old.content, "spec": {"poles": 4}}))
    assert changed.spec == {"poles": 4}
    with pytest.raises(Conflict):
        await client.update(evolve(old, content={**old.content, "spec": {"poles": 5}}))
    assert [each.spec for each in (await client.list(Boat)).items] == [{"masts": 4}]
    await client.delete(OldBoat, "default", "a")
    assert (await client.list(OldBoat)).items == []


async def test_a_dry_run_asks_as_the_write_would(client: HttpClient, hook: Hook) -> None:
    made = await client.create(boat(OldBoat, "a", poles=2), dry_run=True)
    assert (made.spec, made.metadata.labels["came-from"]) == ({"poles": 2}, "v1")
    hook.answer = away
    with pytest.raises(ApiError, match="out of order"):
        await client.create(boat(OldBoat, "a", poles=2), dry_run=True)


async def test_a_webhook_is_given_objects_in_the_form_of_their_schema(client: HttpClient, hook: Hook) -> None:
    await client.create(boat(Boat, "a", masts=1))
    sails = {"type": "object", "properties": {"sails": {"type": "integer", "default": 3}}}
    wider = {"type": "object", "properties": {"spec": sails}}
    patch = [{"op": "replace", "path": "/spec/versions/1/schema/openAPIV3Schema", "value": wider}]
    await client.patch(CustomResourceDefinition, "", "boats.conv.test", patch, type="json")
    assert (await client.get(Boat, "default", "a")).spec == {"sails": 3}
    await client.get(OldBoat, "default", "a")
    assert hook.served is not None
    assert hook.served.asked[-1]["request"]["objects"][0]["spec"] == {"sails": 3}


async def test_a_watch_sees_the_version_that_it_asks_for(client: HttpClient) -> None:
    since = (await client.list(OldBoat)).resource_version
    async with client.watch(OldBoat, resource_version=since) as events:
        await client.create(boat(Boat, "a", masts=1))
        await client.patch(Boat, "default", "a", {"spec": {"masts": 2}})
        await client.delete(Boat, "default", "a")
        async with asyncio.timeout(10):
            seen = [await anext(events) for _ in range(3)]
    assert [(each.type, each.obj.spec) for each in seen] == [
        ("ADDED", {"poles": 1}), ("MODIFIED", {"poles": 2}), ("DELETED", {"poles": 2}),
    ]  # fmt: skip


async def test_a_list_is_converted_in_one_question(client: HttpClient, hook: Hook) -> None:
    for name in "abc":
        await client.create(boat(Boat, name, masts=1))
    await client.list(OldBoat)
    asked = hook.asked
    for _ in range(5):
        assert len((await client.list(OldBoat)).items) == 3
    assert hook.asked == asked


def away(review: dict[str, Any]) -> dict[str, Any]:
    return answered(review["request"], [], status="Failure", message="out of order")


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A webhook that makes nonsense of the objects of that name alone."""

    def answer(review: dict[str, Any]) -> dict[str, Any]:
        said = convert(review)
        for made in said["response"]["convertedObjects"]:
            if made["metadata"]["name"] == name:
                made["metadata"]["uid"] = "another"
        return said

    return answer


async def test_an_object_that_cannot_be_converted_harms_no_other(client: HttpClient, hook: Hook) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="other")))
    for name in "abc":
        await client.create(boat(Boat, name, masts=1))
    await client.create(evolve(boat(Boat, "d", masts=1), metadata=ObjectMeta(name="d", namespace="other")))
    await client.list(OldBoat)
    hook.answer = without("b")
    await client.patch(Boat, "default", "b", {"spec": {"masts": 2}})
    said = r"conversion webhook for conv\.test/v1, Kind=Boat returned invalid object: must have the same UID"
    for refused in (
        client.get(OldBoat, "default", "b"),
        client.list(OldBoat),
        client.list(OldBoat, "default", label_selector="no=such"),
        client.list(OldBoat, "default", limit=2),
        client.patch(OldBoat, "default", "b", {"spec": {"poles": 3}}),
        client.delete(OldBoat, "default", "b"),
    ):
        with pytest.raises(ApiError, match=said):
            await refused
    first = await client.list(OldBoat, "default", limit=1)
    assert ([each.metadata.name for each in first.items], bool(first.continue_token)) == (["a"], True)
    assert (await client.get(OldBoat, "default", "a")).spec == {"poles": 1}
    assert (await client.patch(OldBoat, "default", "a", {"spec": {"poles": 4}})).spec == {"poles": 4}
    assert (await client.create(boat(OldBoat, "e", poles=5))).spec == {"poles": 5}
    assert [each.metadata.name for each in (await client.list(OldBoat, "other")).items] == ["d"]
    named = await client.list(OldBoat, "default", field_selector="metadata.name=c")
    assert [each.metadata.name for each in named.items] == ["c"]
    with pytest.raises(NotFound):
        await client.get(OldBoat, "default", "f")
    url = "/apis/conv.test/v1beta1/namespaces/default/boats"
    any_version = await client.request("GET", f"{url}/b?resourceVersion=0")
    assert any_version["spec"] == {"poles": 1}, "its last form that could be shown"
    await client.delete(Boat, "default", "b")
    assert [each.metadata.name for each in (await client.list(OldBoat, "default")).items] == ["a", "c", "e"]


async def test_one_of_many_is_found_with_few_questions(client: HttpClient, hook: Hook) -> None:
    hook.answer = away
    for number in range(40):
        await client.create(boat(Boat, f"b{number:02}", masts=number))
    hook.answer, asked = without("b17"), hook.asked
    with pytest.raises(ApiError, match="must have the same UID"):
        await client.list(OldBoat)
    assert hook.asked - asked < 32
    assert (await client.get(OldBoat, "default", "b16")).spec == {"poles": 16}
    with pytest.raises(ApiError, match="must have the same UID"):
        await client.get(OldBoat, "default", "b17")


async def test_nothing_is_lost_while_the_webhook_is_away(client: HttpClient, hook: Hook) -> None:
    for name in "abc":
        await client.create(boat(Boat, name, masts=1))
    since = (await client.list(OldBoat)).resource_version
    hook.answer = away
    async with client.watch(OldBoat, resource_version=since) as events:
        await client.patch(Boat, "default", "a", {"spec": {"masts": 2}})
        await client.delete(Boat, "default", "b")
        async with asyncio.timeout(10):
            gone = await anext(events)
        assert (gone.type, gone.obj.metadata.name, gone.obj.spec) == ("DELETED", "b", {"poles": 1})
        with pytest.raises(ApiError, match="out of order"):
            await client.get(OldBoat, "default", "a")
        hook.answer = convert
        listed = await client.list(OldBoat)
        assert {each.metadata.name: each.spec for each in listed.items} == {"a": {"poles": 2}, "c": {"poles": 1}}
        with pytest.raises(Expired):  # who watched without the change lists again
            async with asyncio.timeout(10):
                await anext(events)
    with pytest.raises(Expired):
        async with client.watch(OldBoat, resource_version=since) as events, asyncio.timeout(10):
            await anext(events)
    async with client.watch(OldBoat, resource_version=listed.resource_version) as events:
        await client.patch(Boat, "default", "c", {"spec": {"masts": 3}})
        async with asyncio.timeout(10):
            assert (await anext(events)).obj.spec == {"poles": 3}


async def test_objects_go_with_their_namespace_and_owner_while_the_webhook_is_away(
    client: HttpClient, hook: Hook
) -> None:
    await client.create(Namespace(metadata=ObjectMeta(name="other")))
    await client.create(evolve(boat(Boat, "a", masts=1), metadata=ObjectMeta(name="a", namespace="other")))
    owner = await client.create(ConfigMap(metadata=ObjectMeta(name="owner", namespace="default")))
    reference = OwnerReference(api_version="v1", kind="ConfigMap", name="owner", uid=owner.metadata.uid or "")
    owned = ObjectMeta(name="b", namespace="default", owner_references=(reference,), finalizers=("conv.test/wait",))
    await client.create(evolve(boat(Boat, "b", masts=1), metadata=owned))
    await client.list(OldBoat)
    hook.answer = away
    await client.delete(Namespace, "", "other")
    await client.delete(ConfigMap, "default", "owner")

    async def left() -> list[tuple[str | None, bool]]:
        found = (await client.list(Boat)).items
        return [(each.metadata.name, each.metadata.deletion_timestamp is not None) for each in found]

    await soon_is(left, [("b", True)])
    await client.patch(Boat, "default", "b", {"metadata": {"finalizers": None}})
    await soon_is(left, [])
    assert (await client.list(OldBoat)).items == []


async def soon_is(found: Callable[[], Awaitable[object]], wanted: object) -> None:
    async def holds() -> bool:
        return await found() == wanted

    await soon(holds)


async def test_what_a_webhook_answers_besides_is_told_in_kubernetes_words(client: HttpClient, hook: Hook) -> None:
    hook.answer = lambda review: (500, b"out of order\n")
    said = r'failed: an error on the server \("out of order"\) has prevented the request from succeeding'
    with pytest.raises(ApiError, match=said):
        await client.create(boat(OldBoat, "a", poles=1))


async def test_a_webhook_that_is_away_harms_its_own_version_alone(client: HttpClient, hook: Hook) -> None:
    await client.create(boat(Boat, "a", masts=1))
    await client.list(OldBoat)
    hook.answer = away
    await client.create(boat(Boat, "b", masts=1))
    with pytest.raises(ApiError, match=r"conversion webhook for conv\.test/v1, Kind=Boat failed: out of order"):
        await client.list(OldBoat)
    with pytest.raises(ApiError, match="out of order"):
        await client.create(boat(OldBoat, "c", poles=1))
    assert len((await client.list(Boat)).items) == 2
    hook.answer = convert

    async def converted() -> bool:
        return len((await client.list(OldBoat)).items) == 2

    await soon(converted, but=(ApiError,))


@pytest.mark.parametrize("nonsense", [None, {}, {"response": {}}, [1], {"response": {"result": {"status": "Success"}}}])
async def test_nonsense_is_an_error_and_nothing_more(client: HttpClient, hook: Hook, nonsense: Any) -> None:
    hook.answer = lambda review: nonsense
    with pytest.raises(ApiError, match="conversion webhook"):
        await client.create(boat(OldBoat, "a", poles=1))
    assert (await client.list(Boat)).items == []


@pytest.mark.parametrize("change", [{"metadata": [1]}, {"spec": "text"}, {"metadata.labels": "text"}])
async def test_objects_that_are_none_are_converted_when_the_webhook_is_mended(
    client: HttpClient, hook: Hook, change: dict[str, Any]
) -> None:
    def changed(review: dict[str, Any]) -> dict[str, Any]:
        answer = convert(review)
        for made in answer["response"]["convertedObjects"]:
            for path, value in change.items():
                place = made["metadata"] if "." in path else made
                place[path.rpartition(".")[2]] = value
        return answer

    await client.list(OldBoat)
    hook.answer = changed
    await client.create(boat(Boat, "a", masts=1))
    with contextlib.suppress(ApiError):
        await client.list(OldBoat)
    hook.answer = convert
    await client.create(boat(Boat, "b", masts=1))

    async def converted() -> bool:
        return "b" in {each.metadata.name for each in (await client.list(OldBoat)).items}

    await soon(converted, but=(ApiError,))


async def test_a_webhook_cannot_make_another_object_of_one(client: HttpClient, hook: Hook) -> None:
    def renamed(review: dict[str, Any]) -> dict[str, Any]:
        answer = convert(review)
        answer["response"]["convertedObjects"][0]["metadata"]["name"] = "other"
        return answer

    hook.answer = renamed
    with pytest.raises(ApiError, match="must have the same name"):
        await client.create(boat(OldBoat, "a", poles=1))
