"""What every `sampan.core.client.protocol.Client` does: components work the same in-process, over HTTPS and in tests.

Subclass `ClientContract` and provide the fixture ``client`` (of a cluster or a fake that is empty but for the namespace
``default``) where `BOAT_KIND` is served. What only a real server does (defaults, validation, admission) is not asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import pytest

from sampan.core.client.protocol import Client, PatchType, WatchEvent
from sampan.core.errors import AlreadyExists, BadRequest, Conflict, NotFound
from sampan.core.model.builtin import ConfigMap, ReplicaSet
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import Unstructured, unstructured
from sampan.core.schema.codec import from_wire

Boat: Final = unstructured("contract.test/v1", "Boat", "boats")
"""A kind without a Python class on the client's side. The server has to serve it, with a status."""
NS: Final = "default"
REPLICA_SET: Final = {
    "metadata": {"name": "web", "namespace": NS},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "sampan-small"}]},
        },
    },
}


def config_map(name: str, data: str = "1", **meta: Any) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace=NS, **meta), data={"k": data})


def boat(name: str, masts: int = 1, **labels: str) -> Unstructured:
    meta = ObjectMeta(name=name, namespace=NS, labels=labels)
    return Boat(metadata=meta, content={"spec": {"masts": masts}})


def names(objects: Sequence[KubeObject]) -> list[str | None]:
    return [obj.metadata.name for obj in objects]


async def following(events: AsyncIterator[WatchEvent[Any]], count: int) -> list[tuple[str, str | None]]:
    """Type and name of the next ``count`` events that are no bookmarks."""
    seen: list[tuple[str, str | None]] = []
    async with asyncio.timeout(10):
        while len(seen) < count:
            event = await anext(events)
            if event.type != "BOOKMARK":
                seen.append((event.type, event.obj.metadata.name))
    return seen


@pytest.mark.anyio
class ClientContract:
    # Reading

    async def test_what_was_created_can_be_read(self, client: Client) -> None:
        made = await client.create(config_map("a", labels={"x": "y"}))
        assert made.metadata.uid
        assert made.metadata.resource_version
        assert made.metadata.creation_timestamp
        assert await client.get(ConfigMap, NS, "a") == made

    async def test_what_is_not_there_is_not_found_by_name(self, client: Client) -> None:
        with pytest.raises(NotFound) as caught:
            await client.get(ConfigMap, NS, "absent")
        assert (caught.value.kind, caught.value.name) == ("configmaps", "absent")
        assert caught.value.message == 'configmaps "absent" not found'

    async def test_lists_are_narrowed_by_namespace_labels_and_fields(self, client: Client) -> None:
        for name, colour in (("a", "red"), ("b", "blue"), ("c", "red")):
            await client.create(config_map(name, labels={"colour": colour}))
        red = await client.list(ConfigMap, NS, label_selector="colour=red")
        by_name = await client.list(ConfigMap, field_selector="metadata.name=b")
        assert (names(red.items), names(by_name.items)) == (["a", "c"], ["b"])
        assert (await client.list(ConfigMap, "elsewhere")).items == []
        assert names((await client.list(ConfigMap, label_selector="colour in (blue)")).items) == ["b"]

    async def test_a_selector_that_cannot_be_is_refused(self, client: Client) -> None:
        with pytest.raises(BadRequest):
            await client.list(ConfigMap, NS, field_selector="data.k=1")
        with pytest.raises(BadRequest):
            await client.list(ConfigMap, NS, label_selector="a in")

    async def test_pages_show_every_object_once(self, client: Client) -> None:
        for name in "abcde":
            await client.create(config_map(name))
        seen: list[str | None] = []
        token, pages = "", 0
        while pages == 0 or token:
            page = await client.list(ConfigMap, NS, limit=2, continue_token=token)
            token, pages = page.continue_token, pages + 1
            seen += names(page.items)
        assert (seen, pages) == (list("abcde"), 3)

    # Writing

    async def test_a_workload_is_scaled_as_a_number(self, client: Client) -> None:
        made = await client.create(from_wire(ReplicaSet, REPLICA_SET))
        scale = await client.get_scale(ReplicaSet, NS, "web")
        assert (scale.spec.replicas, scale.status.selector) == (0, "app=web")
        assert scale.metadata.resource_version == made.metadata.resource_version
        scaled = await client.update_scale(ReplicaSet, evolve(scale, spec=evolve(scale.spec, replicas=2)))
        assert scaled.spec.replicas == 2
        assert (await client.get(ReplicaSet, NS, "web")).spec.replicas == 2
        with pytest.raises(Conflict):
            await client.update_scale(ReplicaSet, scale)

    async def test_what_has_no_scale_is_not_found(self, client: Client) -> None:
        await client.create(config_map("a"))
        with pytest.raises(NotFound):
            await client.get_scale(ConfigMap, NS, "a")

    async def test_a_name_is_taken_once(self, client: Client) -> None:
        await client.create(config_map("a"))
        with pytest.raises(AlreadyExists) as caught:
            await client.create(config_map("a"))
        assert (caught.value.kind, caught.value.name) == ("configmaps", "a")

    async def test_names_are_made_up_from_a_prefix(self, client: Client) -> None:
        meta = ObjectMeta(generate_name="job-", namespace=NS)
        made = [await client.create(ConfigMap(metadata=meta)) for _ in range(2)]
        assert all((obj.metadata.name or "").startswith("job-") for obj in made)
        assert made[0].metadata.name != made[1].metadata.name

    async def test_a_dry_run_keeps_nothing(self, client: Client) -> None:
        assert (await client.create(config_map("a"), dry_run=True)).data == {"k": "1"}
        with pytest.raises(NotFound):
            await client.get(ConfigMap, NS, "a")

    async def test_an_update_needs_the_latest_version(self, client: Client) -> None:
        first = await client.create(config_map("a"))
        second = await client.update(evolve(first, data={"k": "2"}))
        assert int(second.metadata.resource_version or 0) > int(first.metadata.resource_version or 0)
        with pytest.raises(Conflict):
            await client.update(evolve(first, data={"k": "3"}))
        assert (await client.get(ConfigMap, NS, "a")).data == {"k": "2"}

    async def test_an_update_that_changes_nothing_makes_no_version(self, client: Client) -> None:
        made = await client.create(config_map("a"))
        assert (await client.update(made)).metadata.resource_version == made.metadata.resource_version

    async def test_status_and_the_rest_are_written_apart(self, client: Client) -> None:
        made = await client.create(from_wire(ReplicaSet, REPLICA_SET))
        both = evolve(made, spec=evolve(made.spec, replicas=2), status=evolve(made.status, replicas=1))
        updated = await client.update(both)
        assert (updated.spec.replicas, updated.status.replicas) == (2, 0)
        both = evolve(updated, spec=evolve(updated.spec, replicas=5), status=evolve(updated.status, replicas=1))
        updated = await client.update(both, subresource="status")
        assert (updated.spec.replicas, updated.status.replicas) == (2, 1)
        assert (made.metadata.generation, updated.metadata.generation) == (1, 2)

    @pytest.mark.parametrize(
        ("type", "patch"),
        [
            ("merge", {"data": {"k": None, "n": "2"}}),
            ("strategic", {"data": {"k": None, "n": "2"}}),
            ("json", [{"op": "remove", "path": "/data/k"}, {"op": "add", "path": "/data/n", "value": "2"}]),
        ],
    )
    async def test_patches(self, client: Client, type: PatchType, patch: Any) -> None:
        await client.create(config_map("a"))
        patched = await client.patch(ConfigMap, NS, "a", patch, type=type)
        assert patched.data == {"n": "2"}
        assert await client.get(ConfigMap, NS, "a") == patched

    async def test_a_patch_that_names_another_version_is_refused(self, client: Client) -> None:
        await client.create(config_map("a"))
        with pytest.raises(Conflict):
            await client.patch(ConfigMap, NS, "a", {"metadata": {"resourceVersion": "1"}, "data": {"k": "2"}})
        with pytest.raises(NotFound):
            await client.patch(ConfigMap, NS, "absent", {"data": {"k": "2"}})

    # Deleting

    async def test_what_was_deleted_is_gone(self, client: Client) -> None:
        made = await client.create(config_map("a"))
        with pytest.raises(Conflict):
            await client.delete(ConfigMap, NS, "a", uid="another")
        await client.delete(ConfigMap, NS, "a", uid=made.metadata.uid)
        with pytest.raises(NotFound):
            await client.get(ConfigMap, NS, "a")
        with pytest.raises(NotFound):
            await client.delete(ConfigMap, NS, "a")

    async def test_a_finalizer_holds_an_object_until_it_is_taken_off(self, client: Client) -> None:
        await client.create(config_map("a", finalizers=("contract.test/wait",)))
        await client.delete(ConfigMap, NS, "a")
        held = await client.get(ConfigMap, NS, "a")
        assert held.metadata.deletion_timestamp is not None
        await client.update(evolve(held, metadata=evolve(held.metadata, finalizers=())))
        with pytest.raises(NotFound):
            await client.get(ConfigMap, NS, "a")

    @pytest.mark.parametrize(("policy", "finalizer"), [("Orphan", "orphan"), ("Foreground", "foregroundDeletion")])
    async def test_a_propagation_policy_leaves_a_finalizer(self, client: Client, policy: Any, finalizer: str) -> None:
        await client.create(config_map("a"))
        await client.delete(ConfigMap, NS, "a", propagation=policy)
        assert (await client.get(ConfigMap, NS, "a")).metadata.finalizers == (finalizer,)

    # Watching

    async def test_a_watch_sees_everything_after_its_version(self, client: Client) -> None:
        await client.create(config_map("before"))
        version = (await client.list(ConfigMap, NS)).resource_version
        made = await client.create(config_map("a"))
        async with client.watch(ConfigMap, NS, resource_version=version) as events:
            await client.update(evolve(made, data={"k": "2"}))
            await client.delete(ConfigMap, NS, "a")
            assert await following(events, 3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]

    async def test_a_watch_sees_objects_enter_and_leave_its_selection(self, client: Client) -> None:
        version = (await client.list(ConfigMap)).resource_version
        async with client.watch(ConfigMap, resource_version=version, label_selector="in=yes") as events:
            out = await client.create(config_map("a"))
            went_in = await client.update(evolve(out, metadata=evolve(out.metadata, labels={"in": "yes"})))
            await client.update(evolve(went_in, metadata=evolve(went_in.metadata, labels={})))
            await client.create(config_map("b", labels={"in": "yes"}))
            assert await following(events, 3) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "b")]

    async def test_a_watch_is_narrowed_by_fields(self, client: Client) -> None:
        version = (await client.list(ConfigMap)).resource_version
        async with client.watch(ConfigMap, NS, resource_version=version, field_selector="metadata.name=b") as events:
            for name in "abc":
                await client.create(config_map(name))
            await client.delete(ConfigMap, NS, "b")
            assert await following(events, 2) == [("ADDED", "b"), ("DELETED", "b")]

    # Kinds without a class

    async def test_objects_without_a_class_are_as_good_as_any(self, client: Client) -> None:
        made = await client.create(boat("a", 3, colour="red"))
        await client.create(boat("b"))
        assert (type(made), made.spec["masts"], made.metadata.labels) == (Boat, 3, {"colour": "red"})
        changed = await client.update(evolve(made, content={**made.content, "spec": {"masts": 4}}))
        patched = await client.patch(Boat, NS, "a", {"metadata": {"labels": {"colour": "blue"}}})
        assert (changed.spec["masts"], patched.spec["masts"], patched.metadata.labels) == (4, 4, {"colour": "blue"})
        assert names((await client.list(Boat, label_selector="colour=blue")).items) == ["a"]
        assert await client.get(Boat, NS, "a") == patched

    async def test_objects_without_a_class_have_a_status(self, client: Client) -> None:
        made = await client.create(boat("a", 3))
        sailing = {**made.content, "spec": {"masts": 9}, "status": {"sails": 2}}
        updated = await client.update(evolve(made, content=sailing), subresource="status")
        assert (updated.spec["masts"], updated.status["sails"]) == (3, 2)

    async def test_objects_without_a_class_are_watched(self, client: Client) -> None:
        version = (await client.list(Boat)).resource_version
        async with client.watch(Boat, resource_version=version) as events:
            made = await client.create(boat("a"))
            await client.delete(Boat, NS, "a", uid=made.metadata.uid)
            assert await following(events, 2) == [("ADDED", "a"), ("DELETED", "a")]
