"""Where objects live: worked out when asked for, seen through two versions, or only posted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from sampan.core.api.answers.all import ANSWERS
from sampan.core.api.answers.review import review
from sampan.core.api.operations.pipeline import Call, MutableWire, Pipeline
from sampan.core.api.server import ApiServer
from sampan.core.errors import MethodNotAllowed
from sampan.core.model.kinds import Column, KubeObject, kind
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.storage import Computed, Posted, ViewOf
from sampan.core.registry import Registry
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
READ = ("get", "list", "watch")


@kind(
    "tides.test/v1",
    plural="levels",
    verbs=READ,
    storage=Computed(source="tides"),
    columns=(Column(name="Metres", cell=".metres", type="integer"),),
)
@model
class Level(KubeObject):
    metres: int = 0


@kind("boats.test/v1", plural="boats")
@model
class Boat(KubeObject):
    masts: int = wire(default=0, keep_zero=True)


def _renamed(old: str, new: str, version: str) -> Any:
    def convert(obj: Mapping[str, Any]) -> dict[str, Any]:
        made = {key: value for key, value in obj.items() if key != old}
        if old in obj:
            made[new] = obj[old]
        return {**made, "apiVersion": version}

    return convert


@kind(
    "boats.test/v1beta1",
    plural="boats",
    name="Boat",
    selectable_fields=("poles",),
    storage=ViewOf(
        kind=Boat,
        to_stored=_renamed("poles", "masts", "boats.test/v1"),
        from_stored=_renamed("masts", "poles", "boats.test/v1beta1"),
    ),
)
@model
class OldBoat(KubeObject):
    poles: int = wire(default=0, keep_zero=True)


@model
class GuessStatus:
    right: bool = wire(default=False, keep_zero=True)


@kind("tides.test/v1", plural="guesses", namespaced=False, verbs=("create",), storage=Posted(answer="guess"))
@model
class Guess(KubeObject):
    metres: int = wire(default=0, minimum=1)
    status: GuessStatus | None = None


class Tides:
    """Levels that a test sets."""

    interval = 0.01

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self.looks = 0

    async def objects(self) -> Iterable[Mapping[str, Any]]:
        self.looks += 1
        await asyncio.sleep(0)
        return [
            {
                "metadata": {"name": name, "namespace": "default", "labels": {"deep": str(metres > 3).lower()}},
                "metres": metres,
            }
            for name, metres in self.levels.items()
        ]


async def say_whether_right(pipeline: Pipeline, call: Call, obj: MutableWire) -> dict[str, Any]:
    return {"right": obj["metres"] == 7}


@pytest.fixture
def tides() -> Tides:
    return Tides()


@pytest.fixture
def registry(registry: Registry, tides: Tides, monkeypatch: pytest.MonkeyPatch) -> Registry:
    for cls in (Level, OldBoat, Boat, Guess):
        registry.kind(cls)
    registry.source("tides", lambda context: tides)
    monkeypatch.setitem(ANSWERS, "guess", review(say_whether_right))
    return registry


LEVELS = "/apis/tides.test/v1/namespaces/default/levels"


def metres(listing: dict[str, Any]) -> dict[str, int]:
    return {item["metadata"]["name"]: item["metres"] for item in listing["items"]}


# Computed


async def test_computed_objects_are_worked_out_when_somebody_asks(api: AsgiClient, tides: Tides) -> None:
    assert metres((await api.get(LEVELS)).json) == {}
    tides.levels = {"north": 3, "south": 5}
    listed = (await api.get("/apis/tides.test/v1/levels")).json
    assert (listed["kind"], metres(listed)) == ("LevelList", {"north": 3, "south": 5})
    tides.levels["north"] = 4
    one = (await api.get(f"{LEVELS}/north")).json
    assert (one["kind"], one["apiVersion"], one["metres"]) == ("Level", "tides.test/v1", 4)
    assert int(one["metadata"]["resourceVersion"]) > int(listed["metadata"]["resourceVersion"])
    del tides.levels["north"]
    assert (await api.get(f"{LEVELS}/north")).code == 404


async def test_computed_objects_are_selected_and_paged(api: AsgiClient, tides: Tides) -> None:
    tides.levels = {"a": 1, "b": 4, "c": 9}
    deep = (await api.get(f"{LEVELS}?labelSelector=deep%3Dtrue")).json
    first = (await api.get(f"{LEVELS}?limit=2")).json
    rest = (await api.get(f"{LEVELS}?limit=2&continue={first['metadata']['continue']}")).json
    assert (metres(deep), metres(first), metres(rest)) == ({"b": 4, "c": 9}, {"a": 1, "b": 4}, {"c": 9})
    tides.levels["a"] = 2
    await api.get(LEVELS)
    gone = await api.get(f"{LEVELS}?limit=2&continue={first['metadata']['continue']}")
    assert (gone.code, gone.json["reason"]) == (410, "Expired")


async def test_computed_objects_are_printed(api: AsgiClient, tides: Tides) -> None:
    tides.levels = {"north": 3}
    table = (await api.get(LEVELS, accept=TABLE)).json
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Metres"]
    assert [row["cells"] for row in table["rows"]] == [["north", 3]]


async def test_a_watch_of_computed_objects_sees_what_changes(api: AsgiClient, tides: Tides) -> None:
    tides.levels = {"north": 3, "south": 5}
    version = (await api.get(LEVELS)).json["metadata"]["resourceVersion"]
    async with api.watch(f"{LEVELS}?watch=true&resourceVersion={version}") as stream:
        await stream.started.wait()
        tides.levels["north"] = 4
        kind, obj = await stream.event()
        assert (kind, obj["metadata"]["name"], obj["metres"]) == ("MODIFIED", "north", 4)
        del tides.levels["south"]
        tides.levels["west"] = 1
        assert {(await stream.event())[0] for _ in range(2)} == {"DELETED", "ADDED"}


async def test_nobody_watching_costs_no_looks(api: AsgiClient, tides: Tides) -> None:
    async with api.watch(f"{LEVELS}?watch=true") as stream:
        await stream.started.wait()
        (ticking,) = (task for task in asyncio.all_tasks() if task.get_name().startswith("looks at"))
        assert not ticking.done()
    await asyncio.wait_for(ticking, 5)


async def test_computed_objects_cannot_be_written(api: AsgiClient, server: ApiServer) -> None:
    body = {"metadata": {"name": "north"}, "metres": 1}
    assert (await api.post(LEVELS, body)).code == 405
    with pytest.raises(MethodNotAllowed):
        await server.client().create(Level(metadata=ObjectMeta(name="north", namespace="default")))


# One set of objects, two versions


async def test_one_set_of_objects_is_seen_through_two_versions(api: AsgiClient) -> None:
    old, new = (f"/apis/boats.test/{version}/namespaces/default/boats" for version in ("v1beta1", "v1"))
    made = (await api.post(old, {"metadata": {"name": "a"}, "poles": 2})).json
    seen = (await api.get(f"{new}/a")).json
    assert (made["apiVersion"], made["poles"]) == ("boats.test/v1beta1", 2)
    assert (seen["apiVersion"], seen["masts"], seen["metadata"]["uid"]) == ("boats.test/v1", 2, made["metadata"]["uid"])

    async with api.watch(f"{old}?watch=true&resourceVersion={made['metadata']['resourceVersion']}") as stream:
        await api.patch(f"{new}/a", {"masts": 3})
        kind, obj = await stream.event()
    assert (kind, obj["apiVersion"], obj["poles"]) == ("MODIFIED", "boats.test/v1beta1", 3)
    selected = (await api.get(f"{old}?fieldSelector=poles%3D3")).json
    assert (selected["apiVersion"], [item["poles"] for item in selected["items"]]) == ("boats.test/v1beta1", [3])
    assert (await api.delete(f"{old}/a")).code == 200
    assert (await api.get(f"{new}/a")).code == 404


# Posted


async def test_what_is_posted_is_answered_and_kept_nowhere(api: AsgiClient) -> None:
    guesses = "/apis/tides.test/v1/guesses"
    answered = await api.post(guesses, {"metres": 7})
    assert (answered.code, answered.json["kind"], answered.json["status"]) == (201, "Guess", {"right": True})
    refused = await api.post(guesses, {"metres": -1})
    assert (refused.code, refused.causes) == (422, [("FieldValueInvalid", "metres")])
    assert (await api.get(guesses)).code == 405


async def test_what_is_posted_is_answered_in_process_too(server: ApiServer) -> None:
    answered = await server.client().create(Guess(metadata=ObjectMeta(), metres=3))
    assert answered.status == GuessStatus(right=False)
    with pytest.raises(MethodNotAllowed):
        await server.client().list(Guess)
