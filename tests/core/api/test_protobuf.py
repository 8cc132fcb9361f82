"""Request bodies in Kubernetes' protobuf, as typed Go clients send them."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.api.protobuf.decode import MAGIC, to_json
from sampan.core.api.protobuf.numbers import messages
from sampan.core.errors import BadRequest, UnsupportedMediaType
from sampan.core.model.apiextensions_v1.definition import CustomResourceDefinition
from sampan.core.model.authorization_v1.subject_access_review import SubjectAccessReview
from sampan.core.model.builtin import BUILTIN_KINDS, ConfigMap, Deployment, Secret
from sampan.core.model.core_v1.pod import Pod
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import Struct
from tests.support.asgi import AsgiClient

pytestmark = pytest.mark.anyio

PROTOBUF = "application/vnd.kubernetes.protobuf"


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | str | bytes) -> bytes:
    """One field: a number as a varint, anything else with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def message(*fields: tuple[int, int | str | bytes]) -> bytes:
    return b"".join(field(*each) for each in fields)


def body(kind: str, inner: bytes, api_version: str = "v1") -> bytes:
    return MAGIC + message((1, message((1, api_version), (2, kind))), (2, inner))


def read(cls: type, kind: str, inner: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(to_json(struct_of(cls), body(kind, inner)))
    return found


def test_maps_bytes_and_flags() -> None:
    meta = message((1, "a"), (11, message((1, "x"), (2, "y"))))
    secret = message((1, meta), (2, message((1, "k"), (2, b"\x00\xff"))), (5, 1))
    found = read(Secret, "Secret", secret)
    assert found == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "labels": {"x": "y"}},
        "data": {"k": "AP8="},
        "immutable": True,
    }


def test_inline_structs_quantities_ports_and_times() -> None:
    when = message((1, 1893456000), (2, 0))
    volume = message((1, "v"), (2, message((2, message((1, "Memory"))))))
    limits = message((1, message((1, "cpu"), (2, message((1, "500m"))))))
    target = message((1, 1), (3, "http"))
    handler = message((2, message((1, "/"), (2, target))))
    container = message((1, "c"), (8, limits), (10, message((1, handler), (2, 5))))
    spec = message((1, volume), (2, container))
    found = read(Pod, "Pod", message((1, message((8, when))), (2, spec)))

    assert found["metadata"]["creationTimestamp"] == "2030-01-01T00:00:00Z"
    assert found["spec"]["volumes"] == [{"name": "v", "emptyDir": {"medium": "Memory"}}]
    assert found["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}}
    probe = found["spec"]["containers"][0]["livenessProbe"]
    assert probe == {"httpGet": {"path": "/", "port": "http"}, "initialDelaySeconds": 5}


@pytest.mark.parametrize("seconds", [2**60, -(2**60), 253402300800])
def test_a_time_that_is_on_no_calendar_is_refused(seconds: int) -> None:
    with pytest.raises(BadRequest):
        read(ConfigMap, "ConfigMap", message((1, message((8, message((1, seconds)))))))


def test_numbers_below_zero() -> None:
    assert read(Deployment, "Deployment", message((2, message((1, -1)))))["spec"] == {"replicas": -1}


def test_a_number_that_nobody_knows_is_refused_not_dropped() -> None:
    with pytest.raises(BadRequest, match="field number 99"):
        read(ConfigMap, "ConfigMap", message((99, "?")))


def test_kinds_of_others_have_no_protobuf_form() -> None:
    with pytest.raises(UnsupportedMediaType):
        to_json(Struct(make_fields=dict, definition="com.example.v1.Boat"), body("Boat", b""))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_body_or_a_clear_refusal(raw: bytes) -> None:
    for text in (raw, MAGIC + raw, body("Pod", raw)):
        with contextlib.suppress(BadRequest, UnsupportedMediaType):
            orjson.loads(to_json(struct_of(Pod), text))


def test_fixed_width_numbers_are_read_as_doubles() -> None:
    from sampan.core.protobuf import values

    assert list(values(varint(1 << 3 | 1) + struct.pack("<d", 0.5))) == [(1, 0.5)]


def test_every_served_type_has_its_numbers() -> None:
    def walk(kind: Any, seen: set[str]) -> None:
        kind = getattr(kind, "item", getattr(kind, "value", kind))
        if not isinstance(kind, Struct) or kind.definition in seen:
            return
        seen.add(kind.definition)
        for one in kind.fields.values():
            walk(one.type, seen)

    seen: set[str] = set()
    for cls in BUILTIN_KINDS:
        walk(struct_of(cls), seen)
    known = {f"io.k8s.{name}" for name in messages()}
    assert seen - known - {""} == set()


def test_what_somebody_is_besides_their_name_is_a_map_of_lists() -> None:
    extra = message((1, "scopes"), (2, message((1, "a"), (1, "b"))))
    found = read(SubjectAccessReview, "SubjectAccessReview", message((2, message((5, extra)))))
    assert found["spec"]["extra"] == {"scopes": ["a", "b"]}


async def test_kubectl_create_posts_protobuf_and_reads_json(api: AsgiClient) -> None:
    inner = message((1, message((1, "a"))), (2, message((1, "k"), (2, "v"))))
    answer = await api.post(
        "/api/v1/namespaces/default/configmaps",
        body("ConfigMap", inner),
        content_type=PROTOBUF,
        accept=f"{PROTOBUF},application/json",
    )
    assert (answer.code, answer.json["data"]) == (201, {"k": "v"})
    options = body("DeleteOptions", message((1, 0)))
    assert (await api.delete("/api/v1/namespaces/default/configmaps/a", options, content_type=PROTOBUF)).code == 200


def test_a_definition_with_its_schema() -> None:
    """A schema holds schemas, and in some places a flag or a list instead."""
    number = message((5, "integer"))
    flag = message((1, 1))
    either = message((2, message((5, "string"))))
    items = message((1, message((5, "object"))))
    rule = message((1, "self.size > 1"), (2, "too small"))
    properties = [
        (29, message((1, "size"), (2, number))),
        (29, message((1, "open"), (2, message((5, "object"), (30, flag))))),
        (29, message((1, "texts"), (2, message((5, "object"), (30, either))))),
        (29, message((1, "list"), (2, message((5, "array"), (24, items), (42, "set"))))),
    ]
    schema = message((5, "object"), (8, message((1, '{"size": 3}'))), *properties, (38, 1), (44, rule))
    version = message((1, "v1"), (2, 1), (3, 1), (4, message((1, schema))))
    names = message((1, "boats"), (4, "Boat"))
    spec = message((1, "example.com"), (3, names), (4, "Namespaced"), (7, version))
    found = read(CustomResourceDefinition, "CustomResourceDefinition", message((2, spec)))
    read_schema = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert read_schema == {
        "type": "object",
        "default": {"size": 3},
        "properties": {
            "size": {"type": "integer"},
            "open": {"type": "object", "additionalProperties": True},
            "texts": {"type": "object", "additionalProperties": {"type": "string"}},
            "list": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"},
        },
        "x-kubernetes-preserve-unknown-fields": True,
        "x-kubernetes-validations": [{"rule": "self.size > 1", "message": "too small"}],
    }


def test_a_schema_without_end_is_refused() -> None:
    schema = b""
    for _ in range(2000):
        schema = message((28, schema))
    spec = message((7, message((1, "v1"), (4, message((1, schema))))))
    with pytest.raises(BadRequest, match="depth"):
        read(CustomResourceDefinition, "CustomResourceDefinition", message((2, spec)))
