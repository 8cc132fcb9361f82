"""What answers are besides their fields: where they end, and what stands where there is nothing."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

import pytest

from sampan.core.schema.yaml_writer import write_yaml
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"
YAML = "application/yaml"


async def test_an_object_ends_with_a_newline_whatever_its_size(api: AsgiClient) -> None:
    for name, size in (("small", 1), ("large", 300_000)):
        body = {"metadata": {"name": name}, "data": {"k": "v" * size}}
        for answer in (await api.post(MAPS, body), await api.get(f"{MAPS}/{name}"), await api.post(MAPS, body)):
            assert answer.raw.endswith(b"}\n"), answer.code
    assert (await api.get(MAPS)).raw.endswith(b"}\n")
    assert (await api.delete(f"{MAPS}/small")).raw.endswith(b"}\n")


@pytest.mark.parametrize(
    "path", ["/apis/nowhere.example/v1/things", "/apis/apps/v9/deployments", "/apis/nowhere.example", "/nowhere"]
)
async def test_where_nothing_is_served_there_is_a_line_of_text(api: AsgiClient, path: str) -> None:
    answer = await api.get(path)
    assert (answer.code, answer.raw) == (404, b"404 page not found\n")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_much_yaml_is_written_beside_the_event_loop(api: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    loops_own, threads = threading.get_ident(), list[int]()

    def noted(value: Any) -> bytes:
        threads.append(threading.get_ident())
        return write_yaml(value)

    monkeypatch.setattr("sampan.core.api.request.write_yaml", noted)
    await api.post(MAPS, {"metadata": {"name": "a"}, "data": {f"key-{n}": "value" for n in range(1000)}})
    assert (await api.get(f"{MAPS}/a", accept=YAML)).code == 200
    assert (await api.get("/api/v1/namespaces/default", accept=YAML)).code == 200
    assert [each == loops_own for each in threads] == [False, True]


@pytest.mark.parametrize("fields", [1, "f:metadata", [], {"f:metadata": 1}])
async def test_owned_fields_that_are_none_are_a_bad_request(api: AsgiClient, fields: Any) -> None:
    entry = {"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    answer = await api.post(MAPS, {"metadata": {"name": "a", "managedFields": [entry]}})
    assert answer.code in (201, 400), answer.json


async def test_a_refusal_has_its_fields_in_kubernetes_order(api: AsgiClient) -> None:
    assert (await api.get(f"{MAPS}/none")).raw == (
        b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps \\"none\\" not found",'
        b'"reason":"NotFound","details":{"name":"none","kind":"configmaps"},"code":404}\n'
    )


async def test_a_patch_of_no_known_type_is_refused(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a"}})
    refused = await api.patch(f"{MAPS}/a", {}, "application/unheard-of")
    assert (refused.code, refused.json["message"]) == (415, "415: Unsupported Media Type")


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("=web", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app=a b", "found 'b', expected: ',' or 'end of string'"),
        ("bad key=x", "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"),
    ],
)
async def test_a_selector_that_cannot_be_read_is_told_where(api: AsgiClient, selector: str, said: str) -> None:
    answer = await api.get(f"{MAPS}?labelSelector={quote(selector)}")
    assert (answer.code, answer.json["message"]) == (400, said)
