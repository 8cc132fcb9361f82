"""Objects, lists, watches and refusals in protobuf, for clients that take nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sampan.core.api.protobuf.decode import MAGIC, to_json
from sampan.core.api.protobuf.encode import NoProtobuf, encode_event, encode_object
from sampan.core.model.builtin import ConfigMap, CustomResourceDefinition, Deployment, Lease, SubjectAccessReview
from sampan.core.model.kinds import info
from sampan.core.model.meta_v1.status import Status
from sampan.core.protobuf import values
from sampan.core.schema.builtin import struct_of
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

PROTOBUF = "application/vnd.kubernetes.protobuf"
MAPS = "/api/v1/namespaces/default/configmaps"


def again(cls: type, value: dict[str, Any]) -> dict[str, Any]:
    """What a reader of the protobuf form finds."""
    found: dict[str, Any] = orjson.loads(to_json(struct_of(cls), encode_object(value)))
    return found


def inner(raw: bytes) -> bytes:
    assert raw.startswith(MAGIC)
    found = dict(values(raw[len(MAGIC) :]))[2]
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize(
    ("cls", "content"),
    [
        (ConfigMap, {"data": {"a": "é"}, "binaryData": {"b": "AP8="}, "immutable": True}),
        (
            Deployment,
            {
                "metadata": {
                    "name": "a",
                    "creationTimestamp": "2030-01-01T00:00:00Z",
                    "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}],
                },
                "spec": {
                    "replicas": -1,
                    "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
                    "template": {
                        "spec": {
                            "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
                            "containers": [
                                {"name": "c", "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 3}}
                            ],
                        }
                    },
                },
            },
        ),
        (Lease, {"spec": {"renewTime": "1969-12-31T23:59:59.000250Z"}}),
        (SubjectAccessReview, {"spec": {"extra": {"scopes": ["a", "b"]}}}),
        (
            CustomResourceDefinition,
            {
                "spec": {
                    "versions": [
                        {
                            "name": "v1",
                            "schema": {
                                "openAPIV3Schema": {
                                    "default": {"size": 1.5},
                                    "additionalProperties": True,
                                    "items": {"type": "object", "maximum": 0.5},
                                    "properties": {"a": {"additionalProperties": {"type": "string"}}},
                                }
                            },
                        }
                    ]
                }
            },
        ),
    ],
)
def test_what_is_written_is_read_again(cls: type, content: dict[str, Any]) -> None:
    value = {"apiVersion": info(cls).api_version, "kind": info(cls).kind, **content}
    assert again(cls, value) == value


def test_kinds_of_others_have_no_protobuf_form() -> None:
    with pytest.raises(NoProtobuf):
        encode_object({"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {}})


def test_an_event_stands_behind_its_length() -> None:
    raw = encode_event("ADDED", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})
    assert int.from_bytes(raw[:4]) == len(raw) - 4
    kind, holder = dict(values(raw[4:])).values()
    assert kind == b"ADDED"
    assert isinstance(holder, bytes)
    assert dict(values(holder))[1] == encode_object({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})


async def test_answers_are_in_protobuf_for_who_takes_nothing_else(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    one = await api.get(f"{MAPS}/a", accept=PROTOBUF)
    assert (one.code, one.headers["content-type"]) == (200, PROTOBUF)
    assert orjson.loads(to_json(struct_of(ConfigMap), one.raw)) == (await api.get(f"{MAPS}/a")).json

    listed = await api.get(MAPS, accept=PROTOBUF)
    items = [value for number, value in values(inner(listed.raw)) if number == 2]
    assert items == [inner(one.raw)]

    metadata = await api.get(f"{MAPS}/a", accept=f"{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
    assert [number for number, _ in values(inner(metadata.raw))] == [1]

    both = await api.get(f"{MAPS}/a", accept=f"{PROTOBUF},application/json")
    assert both.headers["content-type"] == "application/json"


async def test_refusals_are_in_protobuf_too(api: AsgiClient) -> None:
    missing = await api.get(f"{MAPS}/none", accept=PROTOBUF)
    assert (missing.code, missing.headers["content-type"]) == (404, PROTOBUF)
    status = orjson.loads(to_json(struct_of(Status), missing.raw))
    assert (status["reason"], status["details"]["name"]) == ("NotFound", "none")
    table = await api.get(MAPS, accept=f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io")
    assert (table.code, table.headers["content-type"]) == (406, "application/json")


async def test_a_watch_is_told_in_protobuf(api: AsgiClient) -> None:
    await api.post(MAPS, {"metadata": {"name": "a"}})
    answer = await api.get(f"{MAPS}?watch=true&timeoutSeconds=1&resourceVersion=0", accept=PROTOBUF)
    assert answer.headers["content-type"] == f"{PROTOBUF};stream=watch"
    length = int.from_bytes(answer.raw[:4])
    assert next(values(answer.raw[4 : 4 + length])) == (1, b"ADDED")
