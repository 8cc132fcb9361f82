"""What the audit log says of requests, over the API."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from sampan.core.api.audit import auditor as auditing
from sampan.core.api.audit.auditor import Auditor
from sampan.core.api.audit.policy import policy_of
from sampan.core.api.server import ApiServer
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.registry import Registry
from tests.core.api.conftest import MovableClock
from tests.support.asgi import AsgiClient
from tests.support.node import FakeNode

pytestmark = pytest.mark.anyio

MAPS = "/api/v1/namespaces/default/configmaps"
Events = Callable[[], list[dict[str, Any]]]
Keep = Callable[..., Events]


@pytest.fixture
def keep(server: ApiServer, clock: MovableClock) -> Keep:
    """Keep what these rules say; the result ends that and has the events."""

    def begin(*rules: dict[str, Any], **more: Any) -> Events:
        policy = policy_of({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules), **more})
        found: list[Any] = []
        auditor = server.app.auditor = Auditor(clock, policy, listener=found.append)

        def end() -> list[dict[str, Any]]:
            auditor.close()
            return found

        return end

    return begin


async def test_a_request_has_an_event_at_each_stage(api: AsgiClient, keep: Keep) -> None:
    events = keep({"level": "Metadata"})
    answer = await api.post(f"{MAPS}?fieldManager=me", {"metadata": {"name": "a"}}, agent="test/1")
    received, complete = events()
    assert received["stage"] == "RequestReceived"
    assert "responseStatus" not in received
    assert complete == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": answer.headers["audit-id"],
        "stage": "ResponseComplete",
        "requestURI": f"{MAPS}?fieldManager=me",
        "verb": "create",
        "user": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
        "sourceIPs": ["127.0.0.1"],
        "userAgent": "test/1",
        "objectRef": {"resource": "configmaps", "namespace": "default", "name": "a", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 201},
        "requestReceivedTimestamp": "2030-01-01T00:00:00.000000Z",
        "stageTimestamp": "2030-01-01T00:00:00.000000Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    }


async def test_a_refusal_is_told_with_its_reason(api: AsgiClient, server: ApiServer, keep: Keep) -> None:
    events = keep({"level": "Metadata", "omitStages": ["RequestReceived"]})
    await api.get(f"{MAPS}/nowhere")
    scope = api.scope("GET", MAPS)
    scope["headers"] += [(b"impersonate-user", b"jane"), (b"x-forwarded-for", b"10.0.0.9, nonsense")]
    await AsgiClient(server.app).app(scope, _nothing, _swallow)
    missing, denied = events()
    assert missing["responseStatus"] == {
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "nowhere" not found',
        "reason": "NotFound",
        "details": {"name": "nowhere", "kind": "configmaps"},
        "code": 404,
    }
    assert denied["user"]["username"] == "kubernetes-admin"
    assert denied["impersonatedUser"] == {"username": "jane", "groups": ["system:authenticated"]}
    assert denied["sourceIPs"] == ["10.0.0.9", "127.0.0.1"]
    assert denied["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert denied["responseStatus"]["code"] == 403


async def test_strangers_are_told_of(server: ApiServer, keep: Keep) -> None:
    events = keep({"level": "Metadata"})
    assert (await AsgiClient(server.app, "no-such-token").get(MAPS)).code == 401
    [event] = events()
    assert event["stage"] == "ResponseStarted"
    assert event["user"] == {"username": ""}
    assert event["responseStatus"]["message"] == "Authentication failed, attempted: bearer"
    assert event["responseStatus"]["code"] == 401
    assert "no-such-token" not in str(event)


async def test_bodies_are_kept_where_the_policy_says_so(api: AsgiClient, keep: Keep) -> None:
    events = keep(
        {"level": "Request", "verbs": ["patch"]},
        {"level": "RequestResponse", "verbs": ["create", "list"]},
        omitStages=["RequestReceived"],
        omitManagedFields=True,
    )
    await api.request(
        "POST",
        MAPS,
        b"metadata:\n  name: a\ndata: {k: v}\n",
        content_type="application/yaml",
        accept="application/yaml",
    )
    await api.patch(f"{MAPS}/a", {"data": {"k": "w"}})
    await api.get(MAPS)
    await api.get(f"{MAPS}/a")
    created, patched, listed = events()
    assert created["requestObject"] == {"metadata": {"name": "a"}, "data": {"k": "v"}}
    assert created["responseObject"]["data"] == {"k": "v"}
    assert "managedFields" not in created["responseObject"]["metadata"]
    assert patched["requestObject"] == {"data": {"k": "w"}}
    assert "responseObject" not in patched
    assert [item["metadata"]["name"] for item in listed["responseObject"]["items"]] == ["a"]
    assert all("managedFields" not in item["metadata"] for item in listed["responseObject"]["items"])


async def test_compressed_answers_are_read_and_huge_ones_left_away(
    api: AsgiClient, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = {"metadata": {"name": "big"}, "data": {"k": "x" * 300_000}}
    await api.post(MAPS, big)
    events = keep({"level": "RequestResponse", "omitStages": ["RequestReceived"]})
    answer = await api.get(f"{MAPS}/big", accept_encoding="gzip")
    assert orjson.loads(gzip.decompress(answer.raw))["data"] == big["data"]
    [event] = events()
    assert event["responseObject"]["data"] == big["data"]
    monkeypatch.setattr("sampan.core.api.audit.trail.MOST_BYTES", 1000)
    events = keep({"level": "RequestResponse", "omitStages": ["RequestReceived"]})
    await api.get(f"{MAPS}/big")
    [event] = events()
    assert "responseObject" not in event
    assert event["annotations"]["audit.k8s.io/truncated"] == "true"


async def test_a_secret_is_not_written(api: AsgiClient, keep: Keep) -> None:
    events = keep({"level": "RequestResponse"})
    secret = {"metadata": {"name": "s"}, "stringData": {"password": "hunter2"}}
    await api.post("/api/v1/namespaces/default/secrets", secret)
    token = await api.post("/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}})
    review = {"spec": {"token": token.json["status"]["token"]}}
    await api.post("/apis/authentication.k8s.io/v1/tokenreviews", review)
    text = str(events())
    assert "hunter2" not in text
    assert token.json["status"]["token"] not in text


async def test_a_watch_is_told_of_when_it_begins_and_when_it_ends(api: AsgiClient, keep: Keep) -> None:
    events = keep({"level": "RequestResponse", "verbs": ["watch"]})
    async with api.watch(f"{MAPS}?watch=true") as stream:
        await stream.started.wait()
    stages = [(event["stage"], event.get("responseStatus", {}).get("code")) for event in events()]
    assert stages == [("RequestReceived", None), ("ResponseStarted", 200), ("ResponseComplete", 200)]


async def test_a_stream_says_that_it_switched(api: AsgiClient, node: FakeNode, keep: Keep) -> None:
    events = keep({"level": "Metadata", "omitStages": ["RequestReceived"]})
    path = "/api/v1/namespaces/default/pods/p/exec?command=true&stdout=true"
    async with api.connect(path, "v5.channel.k8s.io") as socket:
        assert (await socket.message())["type"] == "websocket.accept"
    started, complete = events()
    assert (started["stage"], started["verb"], started["responseStatus"]["code"]) == ("ResponseStarted", "get", 101)
    assert started["objectRef"]["subresource"] == "exec"
    assert complete["stage"] == "ResponseComplete"


async def test_what_breaks_the_server_is_told(api: AsgiClient, server: ApiServer, keep: Keep) -> None:
    async def broken(*_args: Any) -> None:
        raise ZeroDivisionError

    events = keep({"level": "Metadata", "omitStages": ["RequestReceived"]})
    server.app.resources._by_verb = {**server.app.resources._by_verb, "get": broken}
    assert (await api.get(f"{MAPS}/a")).code == 500
    [panic] = events()
    assert panic["stage"] == "Panic"
    assert panic["responseStatus"]["message"] == "APIServer panic'd: ZeroDivisionError"


class Remarking:
    name, order, exact = "remarking", 500, True

    async def mutate(self, request: AdmissionRequest) -> None:
        request.audit["example.com/remark"] = "seen"

    async def validate(self, request: AdmissionRequest) -> None:
        """Nothing to refuse."""


class TestAdmission:
    @pytest.fixture
    def registry(self, registry: Registry) -> Registry:
        registry.admission("remarking", lambda _context: Remarking())
        return registry

    async def test_admission_has_its_say(self, api: AsgiClient, keep: Keep) -> None:
        events = keep({"level": "Metadata", "omitStages": ["RequestReceived"]})
        await api.post(MAPS, {"metadata": {"name": "a"}})
        [event] = events()
        assert event["annotations"]["example.com/remark"] == "seen"


async def test_more_than_can_be_written_is_dropped_and_counted(
    api: AsgiClient, keep: Keep, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(auditing, "MOST_BYTES", 0)
    events = keep({"level": "Metadata"})
    assert (await api.get(MAPS)).code == 200
    assert events() == []
    assert "1 audit events were not written: more happens than can be written" in caplog.text


async def test_every_answer_names_its_request(api: AsgiClient) -> None:
    scope = api.scope("GET", "/version")
    scope["headers"].append((b"audit-id", b"my-own-name"))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await api.app(scope, _nothing, send)
    assert (b"audit-id", b"my-own-name") in sent[0]["headers"]


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _swallow(_message: Any) -> None:
    pass
