"""The in-process client: the same rules as over HTTP, and shared objects."""

from __future__ import annotations

import asyncio

import pytest

from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import User
from sampan.core.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from sampan.core.model.builtin import ConfigMap
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta

pytestmark = pytest.mark.anyio


def config_map(name: str, **labels: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", labels=labels), data={"k": "v"})


async def test_readers_share_one_frozen_object_per_revision(server: ApiServer) -> None:
    client, other = server.client(), server.client()
    await client.create(config_map("a"))
    assert await client.get(ConfigMap, "default", "a") is await other.get(ConfigMap, "default", "a")
    listed = await other.list(ConfigMap, "default")
    assert listed.items[0] is await client.get(ConfigMap, "default", "a")


async def test_what_was_read_can_be_changed_and_written_back_once(server: ApiServer) -> None:
    client = server.client()
    read = await client.create(config_map("a"))
    written = await client.update(evolve(read, data={"k": "w"}))
    assert (written.data, written.metadata.uid) == ({"k": "w"}, read.metadata.uid)
    with pytest.raises(Conflict):
        await client.update(evolve(read, data={"k": "z"}))


async def test_errors_are_those_of_the_api(server: ApiServer) -> None:
    client = server.client()
    await client.create(config_map("a"))
    with pytest.raises(AlreadyExists):
        await client.create(config_map("a"))
    with pytest.raises(NotFound):
        await client.get(ConfigMap, "default", "b")
    with pytest.raises(Invalid):
        await client.create(config_map("Bad_Name"))
    with pytest.raises(Forbidden):
        await server.client(User(name="jane")).list(ConfigMap)


async def test_pages_and_selectors(server: ApiServer) -> None:
    client = server.client()
    for name in ("a", "b", "c"):
        await client.create(config_map(name, odd="no" if name == "b" else "yes"))
    first = await client.list(ConfigMap, "default", limit=2)
    rest = await client.list(ConfigMap, "default", limit=2, continue_token=first.continue_token)
    odd = await client.list(ConfigMap, label_selector="odd=yes")
    assert [[obj.metadata.name for obj in page.items] for page in (first, rest, odd)] == [["a", "b"], ["c"], ["a", "c"]]


async def test_a_watch_shows_every_later_change(server: ApiServer) -> None:
    client = server.client()
    since = (await client.list(ConfigMap)).resource_version
    async with client.watch(ConfigMap, resource_version=since) as events:
        await client.create(config_map("a"))
        await client.patch(ConfigMap, "default", "a", {"data": {"k": "w"}})
        await client.delete(ConfigMap, "default", "a")
        async with asyncio.timeout(5):
            seen = [await anext(events) for _ in range(3)]
    assert [event.type for event in seen] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event.obj.data for event in seen] == [{"k": "v"}, {"k": "w"}, {"k": "w"}]


async def test_a_component_writes_under_its_own_name(server: ApiServer) -> None:
    made = await server.client(agent="replicaset-controller").create(config_map("a"))
    assert [entry.manager for entry in made.metadata.managed_fields] == ["replicaset-controller"]
