"""What a client can send, on purpose or by mistake: each is a refusal that costs little, and none is a failed request."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from sampan.core.api import deadline, negotiate, paths
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import AdmissionRequest
from sampan.plugins.admission.base import Quiet
from tests.core.api.test_objects import pod
from tests.support.asgi import AsgiClient, Exchange

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
TEMPLATES = "/api/v1/namespaces/default/podtemplates"
JSON_PATCH = "application/json-patch+json"


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


# What a stranger can fill


async def test_strange_requests_leave_no_labels_in_the_metrics(server: ApiServer, api: AsgiClient) -> None:
    stranger = AsgiClient(server.app, "")
    for number in range(50):
        await stranger.get(f"/apis/group{number}/v1/things{number}")
        await stranger.get(f"/api/v1/namespaces/ns{number}/pods/name{number}/sub{number}")
        await stranger.request(f"BREW{number}", "/api/v1/pods")
    text = (await api.get("/metrics")).raw.decode()
    lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
    assert len(lines) < 10
    assert "group7" not in text
    assert "BREW" not in text


async def test_long_paths_and_headers_are_not_remembered(server: ApiServer) -> None:
    stranger = AsgiClient(server.app, "")
    kept = paths._remembered.cache_info().currsize
    for number in range(20):
        await stranger.get(f"/api/v1/pods/{number}{'x' * 5000}", accept=f"text/{number}{'x' * 5000}")
    assert paths._remembered.cache_info().currsize == kept


def test_a_long_accept_header_is_read_all_the_same() -> None:
    long = ", ".join(f"text/{number}" for number in range(1000)) + ", application/yaml"
    assert negotiate.accepted(long).format == "yaml"


async def test_an_answer_is_given_to_the_connection_in_pieces(server: ApiServer, api: AsgiClient) -> None:
    """So that a client that does not read costs no more than one of them."""
    for number in range(8):
        await api.post(MAPS, config_map(f"m{number}", text="x" * 300_000))
    sizes: list[int] = []

    class Measured(Exchange):
        async def send(self, message: Any) -> None:
            sizes.append(len(message.get("body", b"")))

    exchange = Measured(b"")
    await server.app(api.scope("GET", MAPS), exchange.receive, exchange.send)
    await server.app(api.scope("GET", f"{MAPS}?limit=7"), exchange.receive, exchange.send)
    assert sum(sizes) > 4_000_000
    assert max(sizes) <= 256 * 1024


# Bodies


def template(name: str, size: int) -> dict[str, Any]:
    container = {"name": "c", "image": "i", "env": [{"name": "LARGE", "value": "x" * size}]}
    return {"metadata": {"name": name}, "template": {"spec": {"containers": [container]}}}


async def test_an_object_is_no_larger_than_kubernetes_lets_it_be(api: AsgiClient) -> None:
    answer = await api.post(TEMPLATES, template("large", 1_600_000))
    assert (answer.code, answer.json["reason"]) == (413, "RequestEntityTooLarge")
    assert (await api.get(f"{TEMPLATES}/large")).code == 404
    assert (await api.post(TEMPLATES, template("grows", 1_000_000))).code == 201
    answer = await api.patch(f"{TEMPLATES}/grows", {"template": template("", 1_600_000)["template"]})
    assert answer.code == 413


async def test_anchors_make_no_large_object_of_a_small_text(api: AsgiClient) -> None:
    def body(text: int) -> bytes:
        env = "\n".join(f"      - {{name: E{number}, value: *a}}" for number in range(200))
        first = f"      - {{name: E, value: &a {'x' * text}}}"
        head = "metadata: {name: a}\ntemplate:\n  spec:\n    containers:\n    - name: c\n      image: i\n      env:\n"
        return f"{head}{first}\n{env}\n".encode()

    assert (await api.post(TEMPLATES, body(10_000), content_type="application/yaml")).code == 413
    answer = await api.post(TEMPLATES, body(200_000), content_type="application/yaml")
    assert answer.code == 400
    assert "excessive aliasing" in answer.json["message"]


async def test_the_loop_goes_on_while_a_large_body_is_read(api: AsgiClient) -> None:
    text = "\n".join(f"  k{number}: {number % 10}" for number in range(60_000))
    body = f"metadata: {{name: a}}\ndata:\n{text}\n".encode()
    longest, running = 0.0, True

    async def tick() -> None:
        nonlocal longest
        while running:
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    ticking = asyncio.create_task(tick())
    began = time.perf_counter()
    assert (await api.post(MAPS, body, content_type="application/yaml")).code == 400
    took = time.perf_counter() - began
    running = False
    await ticking
    assert longest < took / 2


async def test_copies_in_a_patch_are_bounded(api: AsgiClient) -> None:
    await api.post(MAPS, config_map("a", k="x" * 100))
    doubling = [{"op": "copy", "from": "/data", "path": f"/data/d{number}"} for number in range(40)]
    began = time.process_time()
    answer = await api.patch(f"{MAPS}/a", doubling, JSON_PATCH)
    assert answer.code == 422
    assert time.process_time() - began < 3


@pytest.mark.parametrize("patch", [1, "text", True, [1], [[]], {"op": "add"}])
async def test_a_json_patch_that_is_none_is_a_bad_request(api: AsgiClient, patch: Any) -> None:
    await api.post(MAPS, config_map("a"))
    assert (await api.patch(f"{MAPS}/a", patch, JSON_PATCH)).code == 400


async def test_null_is_a_json_patch_without_operations(api: AsgiClient) -> None:
    before = (await api.post(MAPS, config_map("a"))).json
    answer = await api.patch(f"{MAPS}/a", b"null", JSON_PATCH)
    assert (answer.code, answer.json["metadata"]["resourceVersion"]) == (200, before["metadata"]["resourceVersion"])


@pytest.mark.parametrize(
    "body",
    [
        {"gracePeriodSeconds": "soon"},
        {"gracePeriodSeconds": 1.5},
        {"gracePeriodSeconds": 1e30},
        {"preconditions": "uid"},
        {"preconditions": {"uid": 7}},
        {"dryRun": "All"},
        {"propagationPolicy": ["Orphan"]},
        [],
        "text",
        1,
    ],
)
async def test_delete_options_of_wrong_types_are_a_bad_request(api: AsgiClient, body: Any) -> None:
    await api.post(PODS, pod("a"))
    assert (await api.delete(f"{PODS}/a", body)).code == 400
    assert (await api.get(f"{PODS}/a")).code == 200


async def test_a_grace_beyond_the_calendar_ends_with_it(api: AsgiClient) -> None:
    await api.post(PODS, pod("a") | {"spec": {**pod("a")["spec"], "nodeName": "n"}})
    answer = await api.delete(f"{PODS}/a", {"gracePeriodSeconds": 2**62})
    assert answer.json["metadata"]["deletionTimestamp"] == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "query",
    ["tailLines=" + "9" * 5000, "sinceSeconds=9223372036854775808", "limitBytes=1_0", "tailLines=%20", "limitBytes=٣"],
)
async def test_numbers_in_a_query_that_are_none_are_a_bad_request(api: AsgiClient, query: str) -> None:
    await api.post(PODS, pod("a"))
    assert (await api.get(f"{PODS}/a/log?{query}")).code == 400


async def test_logs_since_before_the_beginning_of_time(api: AsgiClient) -> None:
    await api.post(PODS, pod("a"))
    answer = await api.get(f"{PODS}/a/log?sinceSeconds=9000000000000000000")
    assert "does not have a host assigned" in answer.json["message"]


async def test_numbers_of_thousands_of_digits(api: AsgiClient) -> None:
    body = b'{"metadata": {"name": "a", "generation": ' + b"1" * 5000 + b"}}"
    assert (await api.post(MAPS, body)).code == 400
    assert (await api.patch(f"{MAPS}/a", body)).code in (400, 404)


# Warnings


async def test_warnings_stay_headers_whatever_a_field_is_called(api: AsgiClient) -> None:
    nasty = {"metadata": {"name": "a"}, "a\r\nset-cookie: x\x00\x7f\u2028": 1, 'q"\\': 2}
    answer = await api.post(MAPS, nasty)
    assert answer.code == 201
    assert len(answer.warnings) == 2
    assert not any(char in text for text in answer.warnings for char in "\r\n\x00\x7f\u2028")


async def test_all_warnings_together_are_four_kilobytes(api: AsgiClient) -> None:
    many = {"metadata": {"name": "a"}} | {f"{'f' * 1000}{number}": 1 for number in range(500)}
    answer = await api.post(MAPS, many)
    assert answer.code == 201
    assert 10 < len(answer.warnings) <= 16
    assert sum(map(len, answer.warnings)) < 5000


# The last net


class Broken(Quiet):
    name = "Broken"

    async def validate(self, request: AdmissionRequest) -> None:
        raise ZeroDivisionError("one divided by nothing")


async def test_what_was_not_foreseen_is_an_internal_error_and_told_once(
    server: ApiServer, api: AsgiClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("one divided by nothing")

    monkeypatch.setattr(server.pipeline.store, "create", broken)
    with caplog.at_level(logging.WARNING):
        answers = [await api.post(MAPS, config_map("a")) for _ in range(20)]
    status = answers[0].json
    assert {answer.code for answer in answers} == {500}
    assert (status["reason"], status["details"]["causes"][0]["message"]) == (
        "InternalError",
        "an error in the server prevented the request from succeeding",
    )
    assert "divided" not in answers[0].raw.decode()
    assert len([record for record in caplog.records if record.exc_info]) == 1


# Time


async def test_a_request_that_is_late_is_answered_and_its_write_not_cut_in_two(
    server: ApiServer, api: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = asyncio.Event()
    create = server.pipeline.store.create

    async def slow(key: str, value: bytes) -> Any:
        await held.wait()
        return await create(key, value)

    monkeypatch.setattr(server.pipeline.store, "create", slow)
    answered = asyncio.Event()

    class Patient(Exchange):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message["type"] == "http.response.body":
                answered.set()

    exchange = Patient(b'{"metadata": {"name": "a"}}')
    scope = api.scope("POST", f"{MAPS}?timeout=10ms")
    task = asyncio.create_task(server.app(scope, exchange.receive, exchange.send))
    async with asyncio.timeout(5):
        await answered.wait()
        assert (exchange.answer().code, exchange.answer().json["reason"]) == (504, "Timeout")
        held.set()
        await task
    assert len(exchange._sent) == 2
    assert (await api.get(f"{MAPS}/a")).code == 200


async def test_a_client_that_does_not_read_its_answer_is_given_up(
    server: ApiServer, api: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.core.api.app.SECONDS", 0.01)

    class Deaf(Exchange):
        async def send(self, message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

    exchange = Deaf(b"")
    await asyncio.wait_for(server.app(api.scope("GET", MAPS), exchange.receive, exchange.send), 5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 60), ("30s", 30), ("1m30s", 60), ("1.5s", 1.5), ("100ms", 0.1), ("0s", 60), ("10h", 60)],
)
def test_a_client_may_name_a_shorter_time(text: str, seconds: float) -> None:
    assert deadline.seconds_for({"timeout": text}) == pytest.approx(seconds)


async def test_a_timeout_that_is_no_duration_is_refused(server: ApiServer, api: AsgiClient) -> None:
    assert (await api.get(f"{MAPS}?timeout=soon")).code == 400
    assert (await AsgiClient(server.app, "").get(f"{MAPS}?timeout=soon")).code == 403


@pytest.mark.parametrize(("version", "code"), [("1", 500), ("0", 201), ("v1", 201)])
async def test_an_object_that_claims_to_be_stored_already(api: AsgiClient, version: str, code: int) -> None:
    """In Kubernetes' own code and words, of which the fuzz tests know."""
    answer = await api.post(MAPS, {"metadata": {"name": "a", "resourceVersion": version}})
    assert answer.code == code
    assert (await api.get(f"{MAPS}/a")).code == (200 if code == 201 else 404)
