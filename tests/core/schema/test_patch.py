"""PATCH requests give a decoded object, or kube-apiserver's error."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sampan.core.errors import ApiError, BadRequest, Invalid, UnsupportedMediaType
from sampan.core.model.builtin import ConfigMap, Deployment
from sampan.core.schema.decode import FieldValidation
from sampan.core.schema.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, patch_object
from sampan.core.schema.resource import resource_of

CONFIG_MAP, DEPLOYMENT = resource_of(ConfigMap), resource_of(Deployment)
CURRENT = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"k": "v"}}


def patched(media_type: str, body: Any, validation: FieldValidation = "Warn") -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return patch_object(CONFIG_MAP, CURRENT, media_type, raw, validation)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (JSON_PATCH, [{"op": "add", "path": "/data/n", "value": "x"}]),
        (MERGE_PATCH, {"data": {"n": "x"}}),
        (STRATEGIC_PATCH, {"data": {"n": "x"}}),
    ],
)
def test_each_type_of_patch_changes_the_object(media_type: str, body: Any) -> None:
    assert patched(media_type, body).value == {**CURRENT, "data": {"k": "v", "n": "x"}}
    assert CURRENT["data"] == {"k": "v"}


@pytest.mark.parametrize(
    ("media_type", "body", "error", "message"),
    [
        (MERGE_PATCH, b'{"data": ', BadRequest, "unexpected end of JSON input"),
        (MERGE_PATCH, [1], BadRequest, "error decoding patch: json: cannot unmarshal array"),
        (
            STRATEGIC_PATCH,
            b"[]",
            BadRequest,
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (MERGE_PATCH, b"null", BadRequest, "Invalid JSON Patch"),
        (JSON_PATCH, {"op": "add"}, BadRequest, "error decoding patch: json: cannot unmarshal object"),
        (JSON_PATCH, [{"op": "remove", "path": "/nothing"}], Invalid, "the server rejected our request"),
        (MERGE_PATCH, {"data": {"n": 1}}, Invalid, "cannot unmarshal number into Go struct field ConfigMap.data"),
        (JSON_PATCH, [{"op": "replace", "path": "/data", "value": []}], Invalid, "cannot unmarshal array"),
        (JSON_PATCH, [{"op": "replace", "path": "", "value": []}], Invalid, "cannot unmarshal array"),
        (MERGE_PATCH, {"kind": "Secret"}, Invalid, "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        (STRATEGIC_PATCH, {"data": "x"}, Invalid, "cannot restore map from string"),
        ("application/odd", {}, UnsupportedMediaType, "accepted media types include: application/json-patch+json"),
    ],
)
def test_patches_that_are_refused(media_type: str, body: Any, error: type[ApiError], message: str) -> None:
    with pytest.raises(error) as caught:
        patched(media_type, body)
    assert message in caught.value.message


def test_a_result_of_the_wrong_type_names_the_patch() -> None:
    current = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}, "spec": {"replicas": 1}}
    with pytest.raises(Invalid) as caught:
        patch_object(DEPLOYMENT, current, STRATEGIC_PATCH, b'{"spec":{"replicas":"many"}}')
    (cause,) = caught.value.causes
    assert (cause.field, cause.reason) == ("patch", "FieldValueInvalid")
    assert cause.message == 'Invalid value: "map[spec:map[replicas:many]]": unrecognized type: int32'
    assert caught.value.message == f' "" is invalid: patch: {cause.message}'


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (JSON_PATCH, [{"op": "add", "path": "/dada", "value": "x"}]),
        (MERGE_PATCH, {"dada": 1}),
        (STRATEGIC_PATCH, {"dada": 1}),
    ],
)
def test_unknown_fields_of_a_patch(media_type: str, body: Any) -> None:
    assert patched(media_type, body, "Ignore").problems == ()
    warned = patched(media_type, body, "Warn")
    assert warned.problems == ('unknown field "dada"',)
    assert "dada" not in warned.value
    with pytest.raises(Invalid, match='strict decoding error: unknown field "dada"') as caught:
        patched(media_type, body, "Strict")
    assert [cause.field for cause in caught.value.causes] == ["patch"]


def test_fields_given_twice_in_a_patch() -> None:
    body = b'{"data":{"a":"1","a":"2"}}'
    assert patched(MERGE_PATCH, body).problems == ('duplicate field "data.a"',)
    with pytest.raises(Invalid, match="duplicate field"):
        patched(MERGE_PATCH, body, "Strict")


def test_patches_without_end_are_refused() -> None:
    raw = b'{"metadata":' * 1000 + b"{}" + b"}" * 1000
    with pytest.raises(BadRequest):
        patched(MERGE_PATCH, raw)
