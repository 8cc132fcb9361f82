"""Lists and their versions, pages, shapes and watches."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import orjson
import pytest

from sampan.core.api import lists
from sampan.core.api import watch as watching
from sampan.core.api.server import ApiServer
from sampan.core.store import entry as entries
from sampan.plugins.stores.memory import MemoryStore
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

SECRETS = "/api/v1/namespaces/default/secrets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


async def make(api: AsgiClient, *names: str, **meta: Any) -> dict[str, Any]:
    for name in names:
        last = await api.post(SECRETS, {"metadata": {"name": name, **meta}})
    made: dict[str, Any] = last.json
    return made


def names(listing: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in listing["items"]]


async def test_items_of_a_list_leave_kind_and_version_to_the_list(api: AsgiClient) -> None:
    await make(api, "a", "b")
    whole = (await api.get(SECRETS)).json
    selected = (await api.get(f"{SECRETS}?fieldSelector=metadata.name%3Db")).json

    assert (whole["kind"], names(whole)) == ("SecretList", ["a", "b"])
    assert all("kind" not in item and "apiVersion" not in item for item in whole["items"])
    assert selected["items"] == [whole["items"][1]]


async def test_a_list_of_nothing_is_an_empty_list_even_where_there_is_no_namespace(api: AsgiClient) -> None:
    answer = await api.get("/api/v1/namespaces/absent/secrets")
    assert (answer.code, answer.json["items"]) == (200, [])


async def test_pages_show_one_moment_and_every_object_once(api: AsgiClient) -> None:
    await make(api, "a", "b", "c", "d", "e")
    first = (await api.get(f"{SECRETS}?limit=2")).json
    await make(api, "bb")
    second = (await api.get(f"{SECRETS}?limit=2&continue={first['metadata']['continue']}")).json
    third = (await api.get(f"{SECRETS}?limit=2&continue={second['metadata']['continue']}")).json

    assert [names(page) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert first["metadata"]["remainingItemCount"] == 3
    assert "continue" not in third["metadata"]


async def test_a_page_whose_moment_is_forgotten_offers_a_way_on(api: AsgiClient, store: MemoryStore) -> None:
    await make(api, "a", "b", "c")
    first = (await api.get(f"{SECRETS}?limit=1")).json
    await make(api, "bb")
    await store.compact(await store.revision())

    refused = await api.get(f"{SECRETS}?limit=5&continue={first['metadata']['continue']}")
    assert (refused.code, refused.json["reason"]) == (410, "Expired")
    on = await api.get(f"{SECRETS}?limit=5&continue={refused.json['metadata']['continue']}")
    assert names(on.json) == ["b", "bb", "c"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=1&continue=nonsense", 400),
        ("resourceVersion=abc", 400),
        ("resourceVersionMatch=Exact", 422),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422),
        ("resourceVersion=1&resourceVersionMatch=Newer", 422),
        ("labelSelector=a%20inside%20(b)", 400),
        ("fieldSelector=data%3Dx", 400),
        ("timeoutSeconds=soon", 400),
    ],
)
async def test_options_that_make_no_sense_are_refused(api: AsgiClient, query: str, code: int) -> None:
    assert (await api.get(f"{SECRETS}?{query}")).code == code


async def test_an_exact_version_is_answered_from_history(api: AsgiClient) -> None:
    first = (await make(api, "a"))["metadata"]["resourceVersion"]
    await make(api, "b")
    then = (await api.get(f"{SECRETS}?resourceVersion={first}&resourceVersionMatch=Exact")).json
    assert (names(then), then["metadata"]["resourceVersion"]) == (["a"], first)


async def test_tables_and_metadata_alone(api: AsgiClient) -> None:
    await make(api, "a")
    table = (await api.get(SECRETS, accept=f"{TABLE},application/json")).json
    partial = (await api.get(SECRETS, accept=PARTIAL)).json

    assert table["kind"] == "Table"
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Type", "Data", "Age"]
    assert table["rows"][0]["cells"][:3] == ["a", "Opaque", 0]
    assert partial["kind"] == "PartialObjectMetadataList"
    assert set(partial["items"][0]) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("resourceVersion=x", 400),
        ("watch=true&resourceVersion=x", 500),
        ("watch=true&continue=x", 422),
        ("limit=", 400),
    ],
)
async def test_what_cannot_be_read_is_refused_as_in_kubernetes(api: AsgiClient, query: str, code: int) -> None:
    assert (await api.get(f"{SECRETS}?{query}")).code == code


async def test_an_object_of_a_version_that_is_none_is_an_error_of_no_class(api: AsgiClient) -> None:
    await make(api, "a")
    answer = await api.get(f"{SECRETS}/a?resourceVersion=x")
    assert (answer.code, answer.json.get("reason")) == (500, None)


async def test_a_selected_page_goes_on_where_anything_follows(api: AsgiClient) -> None:
    await make(api, "a", labels={"app": "web"})
    await make(api, "b")
    first = (await api.get(f"{SECRETS}?labelSelector=app&limit=1")).json
    assert names(first) == ["a"]
    assert "remainingItemCount" not in first["metadata"]
    rest = (await api.get(f"{SECRETS}?labelSelector=app&limit=1&continue={first['metadata']['continue']}")).json
    assert names(rest) == []
    assert "continue" not in rest["metadata"]


async def test_errors_are_told_in_yaml_to_who_reads_yaml(api: AsgiClient) -> None:
    answer = await api.get(f"{SECRETS}/nope", accept="application/yaml")
    assert (answer.code, answer.headers["content-type"]) == (404, "application/yaml")
    assert b"code: 404" in answer.raw


async def test_yaml(api: AsgiClient) -> None:
    body = b"metadata: {name: from-yaml}\nstringData: {k: v}\n"
    made = await api.post(SECRETS, body, content_type="application/yaml", accept="application/yaml")
    assert (made.code, made.headers["content-type"]) == (201, "application/yaml")
    assert "k: dg==" in made.raw.decode()


async def test_both_groups_show_the_same_events(api: AsgiClient) -> None:
    event = {
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
        "reason": "Pulled",
        "message": "pulled it",
        "type": "Normal",
        "count": 4,
    }
    newer = "/apis/events.k8s.io/v1/namespaces/default/events"
    await api.post("/api/v1/namespaces/default/events", event)

    shown = (await api.get(f"{newer}/e")).json
    assert (shown["note"], shown["regarding"]["name"], shown["deprecatedCount"]) == ("pulled it", "p", 4)
    assert names((await api.get(f"{newer}?fieldSelector=regarding.name%3Dp")).json) == ["e"]
    async with api.watch(f"{newer}?watch=true") as stream:
        kind, obj = await stream.event()
    assert (kind, obj["apiVersion"], obj["note"]) == ("ADDED", "events.k8s.io/v1", "pulled it")


async def test_a_watch_goes_on_from_a_version_without_gap(api: AsgiClient) -> None:
    since = (await api.get(SECRETS)).json["metadata"]["resourceVersion"]
    await make(api, "a")
    async with api.watch(f"{SECRETS}?watch=true&resourceVersion={since}") as stream:
        seen = [await stream.event()]
        await api.patch(f"{SECRETS}/a", {"metadata": {"labels": {"x": "y"}}})
        await api.delete(f"{SECRETS}/a")
        seen += [await stream.event(), await stream.event()]
    assert [kind for kind, _ in seen] == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_selected_watch_shows_entering_and_leaving(api: AsgiClient) -> None:
    since = (await make(api, "a"))["metadata"]["resourceVersion"]
    query = f"watch=true&resourceVersion={since}&labelSelector=in%3Dyes"
    async with api.watch(f"{SECRETS}?{query}") as stream:
        for value in ("yes", "no"):
            await api.patch(f"{SECRETS}/a", {"metadata": {"labels": {"in": value}}})
        kinds = [(await stream.event())[0] for _ in range(2)]
    assert kinds == ["ADDED", "DELETED"]


async def test_initial_events_end_with_a_marked_bookmark(api: AsgiClient) -> None:
    await make(api, "a")
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    async with api.watch(f"{SECRETS}?{query}") as stream:
        first, end = await stream.event(), await stream.event()
    assert (first[0], end[0]) == ("ADDED", "BOOKMARK")
    assert end[1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_of_tables_describes_its_columns_once(api: AsgiClient) -> None:
    await make(api, "a", "b")
    async with api.watch(f"{SECRETS}?watch=true", accept=TABLE) as stream:
        tables = [(await stream.event())[1] for _ in range(2)]
    assert [bool(table["columnDefinitions"]) for table in tables] == [True, False]


async def test_a_watch_from_a_forgotten_version_is_told_to_list_again(api: AsgiClient, store: MemoryStore) -> None:
    await make(api, *(f"s{number}" for number in range(1200)))  # more than the cache keeps
    await store.compact(await store.revision())
    answer = await api.get(f"{SECRETS}?watch=true&resourceVersion=2")
    assert (answer.code, answer.json["type"]) == (200, "ERROR")
    assert (answer.json["object"]["code"], answer.json["object"]["reason"]) == (410, "Expired")


def large(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "stringData": {"text": name * 20_000}}


async def test_large_answers_are_compressed_for_those_who_ask(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in range(12):
        await api.post(SECRETS, large(f"s{place}"))
    plain = await api.get(SECRETS)
    for kept in (lists.KEPT, 1000):  # joined once, and piece by piece
        monkeypatch.setattr(lists, "KEPT", kept)
        assert (await api.get(SECRETS)).json == plain.json
        packed = await api.get(SECRETS, accept_encoding="br, gzip")
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.raw) == plain.raw
        again = await api.get(SECRETS, accept_encoding="gzip")
        assert zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(again.raw) == plain.raw  # one member
        pages = await api.get(f"{SECRETS}?limit=8", accept_encoding="gzip")
        assert len(orjson.loads(gzip.decompress(pages.raw))["items"]) == 8
    refused = await api.get(SECRETS, accept_encoding="gzip;q=0")
    assert "content-encoding" not in refused.headers
    small = await api.get(f"{SECRETS}/s0", accept_encoding="gzip")
    assert "content-encoding" not in small.headers
    table = await api.get(f"{SECRETS}?includeObject=Object", accept=TABLE, accept_encoding="gzip")
    assert len(orjson.loads(gzip.decompress(table.raw))["rows"]) == 12


async def test_pieces_of_a_list_make_the_list(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(api, *(f"s{number}" for number in range(30)))
    whole = await api.get(SECRETS)
    monkeypatch.setattr(lists, "KEPT", 1)
    monkeypatch.setattr(lists, "THRESHOLD", 1)
    for piece in (1, 700, 100_000):
        monkeypatch.setattr(lists, "PIECE", piece)
        assert (await api.get(SECRETS)).raw == whole.raw
    assert (await api.get(f"{SECRETS}?labelSelector=none")).json["items"] == []


async def test_a_watch_ends_when_its_time_is_up(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MIN_TIMEOUT", 0.01)
    async with api.watch(f"{SECRETS}?watch=true") as stream:
        assert await stream.line() == b""


async def test_quiet_watches_get_bookmarks_if_they_want_them(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BOOKMARK_INTERVAL", 0.01)
    since = (await make(api, "a"))["metadata"]["resourceVersion"]
    async with api.watch(f"{SECRETS}?watch=true&allowWatchBookmarks=true&resourceVersion={since}") as stream:
        kind, obj = await stream.event()
    assert (kind, set(obj["metadata"])) == ("BOOKMARK", {"resourceVersion"})


async def test_a_thousand_watchers_cost_one_encoding_per_change(
    api: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    real = entries.encode_event

    def counted(kind: Any, raw: bytes) -> bytes:
        nonlocal made
        made += 1
        return real(kind, raw)

    since = (await make(api, "a"))["metadata"]["resourceVersion"]
    path = f"{SECRETS}?watch=true&resourceVersion={since}"
    async with asyncio.timeout(30):
        watches = [api.watch(path) for _ in range(1000)]
        streams = [await each.__aenter__() for each in watches]
        for stream in streams:
            await stream.started.wait()
        monkeypatch.setattr(entries, "encode_event", counted)
        await api.patch(f"{SECRETS}/a", {"metadata": {"labels": {"x": "y"}}})
        lines = {await stream.line() for stream in streams}
        for each in watches:
            await each.__aexit__(None, None, None)
    assert len(lines) == 1
    assert made == 1


async def test_closing_the_server_ends_watches(api: AsgiClient, server: ApiServer) -> None:
    async with api.watch(f"{SECRETS}?watch=true") as stream:
        await stream.started.wait()
        await server.stop()
        assert await stream.line() == b""
