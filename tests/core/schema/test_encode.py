"""Bytes are canonical: the same object gives the same bytes, whatever order it came in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.errors import BadRequest
from sampan.core.model.builtin import ConfigMap, Pod, Service
from sampan.core.schema.decode import decode_value
from sampan.core.schema.encode import encode, splice_resource_version
from sampan.core.schema.resource import resource_of

POD, CONFIG_MAP = resource_of(Pod), resource_of(ConfigMap)

TEXT = st.text(max_size=8)
LABELS = st.dictionaries(TEXT, TEXT, max_size=4)
CONTAINERS = st.fixed_dictionaries(
    {"name": TEXT},
    optional={
        "image": TEXT,
        "args": st.lists(TEXT, max_size=3),
        "stdin": st.booleans(),
        "env": st.lists(st.fixed_dictionaries({"name": TEXT}, optional={"value": TEXT}), max_size=3),
        "resources": st.fixed_dictionaries({}, optional={"limits": st.just({"cpu": "1500m"})}),
        "securityContext": st.fixed_dictionaries(
            {}, optional={"runAsUser": st.integers(0, 9), "privileged": st.booleans()}
        ),
    },
)
PODS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": TEXT}, optional={"labels": LABELS, "annotations": LABELS})},
    optional={
        "spec": st.fixed_dictionaries({"containers": st.lists(CONTAINERS, max_size=3)}, optional={"nodeName": TEXT}),
        "status": st.fixed_dictionaries({}, optional={"phase": TEXT, "conditions": st.just([{"type": "Ready"}])}),
    },
)


def shuffled(value: Any) -> Any:
    """The same JSON with every object's keys the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(PODS)
def test_stored_objects_survive_a_round_trip(pod: dict[str, Any]) -> None:
    stored = encode(POD.struct, decode_value(POD, pod).value)
    again = decode_value(POD, orjson.loads(stored))
    assert encode(POD.struct, again.value) == stored
    assert again.problems == ()


@given(PODS)
def test_the_order_of_keys_does_not_matter(pod: dict[str, Any]) -> None:
    straight, reverse = decode_value(POD, pod).value, decode_value(POD, shuffled(pod)).value
    assert encode(POD.struct, straight) == encode(POD.struct, reverse)


@given(PODS, st.integers(1, 2**53))
def test_the_version_goes_into_the_objects_own_metadata(pod: dict[str, Any], revision: int) -> None:
    stored = encode(POD.struct, decode_value(POD, pod).value)
    sent = orjson.loads(splice_resource_version(stored, revision))
    assert sent["metadata"].pop("resourceVersion") == str(revision)
    assert sent == orjson.loads(stored)


def test_the_version_is_never_stored() -> None:
    stored = encode(CONFIG_MAP.struct, {"metadata": {"name": "a", "resourceVersion": "7"}})
    assert b"resourceVersion" not in stored


def test_the_version_finds_its_place_in_empty_metadata() -> None:
    stored = encode(CONFIG_MAP.struct, {"kind": "ConfigMap", "apiVersion": "v1", "data": {"x": '"metadata":{'}})
    assert splice_resource_version(stored, 7).startswith(
        b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"7"},"data"'
    )


def test_the_version_stands_behind_the_uid() -> None:
    bare = {"metadata": {"uid": "u", "name": 'a"}', "namespace": "n"}}
    head = b'"metadata":{"name":"a\\"}","namespace":"n","uid":"u","resourceVersion":"7"'
    assert head + b"}" in splice_resource_version(encode(CONFIG_MAP.struct, bare), 7)
    bare["metadata"]["labels"] = {"uid": "v"}  # type: ignore[assignment]
    assert head + b',"labels":' in splice_resource_version(encode(CONFIG_MAP.struct, bare), 7)


def test_fields_stand_as_declared_and_free_keys_sorted() -> None:
    value = {"data": {"b": "2", "a": "1"}, "metadata": {"labels": {"z": "", "y": ""}, "name": "n"}, "apiVersion": "v1"}
    assert encode(CONFIG_MAP.struct, {**value, "kind": "ConfigMap"}) == (
        b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"n","labels":{"y":"","z":""}},"data":{"a":"1","b":"2"}}'
    )


def test_what_kubernetes_always_writes_is_there() -> None:
    value = {"spec": {"containers": [{"name": "c"}]}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    pod = orjson.loads(encode(POD.struct, value))
    assert pod["spec"]["containers"] == [{"name": "c", "resources": {}}]
    assert pod["status"]["conditions"] == [
        {"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
    ]
    assert orjson.loads(encode(resource_of(Service).struct, {"spec": {}}))["status"] == {"loadBalancer": {}}


def test_the_value_itself_stays_as_it_was() -> None:
    value: dict[str, Any] = {"metadata": {"resourceVersion": "7"}, "spec": {"containers": [{"name": "c"}]}}
    encode(POD.struct, value)
    assert value == {"metadata": {"resourceVersion": "7"}, "spec": {"containers": [{"name": "c"}]}}


def test_values_too_deep_to_write_are_refused() -> None:
    deep: Any = {}
    for _ in range(2000):
        deep = {"f": deep}
    managed = [{"fieldsV1": deep}]
    with pytest.raises(BadRequest, match="cannot be written as JSON"):
        encode(CONFIG_MAP.struct, {"metadata": {"managedFields": managed}})
