"""What a client sends becomes what Kubernetes stores, or is refused with kube-apiserver's message."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sampan.core.errors import BadRequest
from sampan.core.model.builtin import ConfigMap, Deployment, Lease, Pod, Secret, Service
from sampan.core.schema.decode import converter_problem, decode_body, decode_value, path_of
from sampan.core.schema.resource import Resource, resource_of
from sampan.core.schema.scalars import Mismatch

POD, CONFIG_MAP = resource_of(Pod), resource_of(ConfigMap)


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c", **container}]}}


def decoded(resource: Resource, body: Any) -> dict[str, Any]:
    return decode_body(resource, orjson.dumps(body)).value


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"image": "", "command": [], "env": None, "stdin": False}, {}),
        ({"resources": {}}, {"resources": {}}),
        (
            {"resources": {"limits": {"cpu": "1000m", "memory": 1024}}},
            {"resources": {"limits": {"cpu": "1", "memory": "1024"}}},
        ),
        ({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}),
        ({"ports": [{"containerPort": 80, "hostPort": 0}]}, {"ports": [{"containerPort": 80}]}),
        (
            {"securityContext": {"privileged": False, "runAsUser": 0}},
            {"securityContext": {"privileged": False, "runAsUser": 0}},
        ),
        ({"args": ["a", None]}, {"args": ["a", ""]}),
        ({"livenessProbe": {"httpGet": {"port": "http"}}}, {"livenessProbe": {"httpGet": {"port": "http"}}}),
    ],
)
def test_values_that_mean_nothing_are_dropped(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert decoded(POD, pod(**given))["spec"]["containers"] == [{"name": "c", **kept}]


def test_an_empty_volume_source_is_kept() -> None:
    body = {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}
    assert decoded(POD, body)["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_an_explicit_zero_is_not_a_missing_number() -> None:
    assert decoded(resource_of(Deployment), {"spec": {"replicas": 0}})["spec"] == {"replicas": 0}


def test_a_null_in_a_map_of_texts_is_an_empty_text() -> None:
    assert decoded(CONFIG_MAP, {"data": {"a": None, "b": "c"}})["data"] == {"a": "", "b": "c"}


def test_kind_and_version_may_be_left_out() -> None:
    assert decoded(CONFIG_MAP, {"data": {"k": "v"}}) == {"kind": "ConfigMap", "apiVersion": "v1", "data": {"k": "v"}}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00.987Z", "2024-02-29T12:00:00Z"),
        ("2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
    ],
)
def test_times_are_in_utc_and_whole_seconds(given: str, stored: str) -> None:
    value = decoded(POD, {"metadata": {"creationTimestamp": given}})
    assert value["metadata"]["creationTimestamp"] == stored


def test_micro_times_keep_six_digits() -> None:
    """No more, no less: Kubernetes takes no others."""
    value = decoded(resource_of(Lease), {"spec": {"renewTime": "2024-01-01T01:00:00.500000+01:00"}})
    assert value["spec"]["renewTime"] == "2024-01-01T00:00:00.500000Z"
    for other in ("2024-01-01T01:00:00Z", "2024-01-01T01:00:00.5Z", "2024-01-01T01:00:00.5000000Z"):
        with pytest.raises(BadRequest, match="cannot parse"):
            decoded(resource_of(Lease), {"spec": {"renewTime": other}})


@pytest.mark.parametrize(
    ("resource", "body", "problem"),
    [
        (
            CONFIG_MAP,
            {"data": {"k": 1}},
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            CONFIG_MAP,
            {"data": ["x"]},
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        ),
        (
            CONFIG_MAP,
            {"metadata": []},
            "json: cannot unmarshal array into Go struct field ConfigMap.metadata of type v1.ObjectMeta",
        ),
        (
            POD,
            {"spec": {"containers": {}}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            POD,
            pod(env=[{"name": "A", "value": 1}]),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            POD,
            pod(ports=[{"containerPort": 1.5}]),
            "json: cannot unmarshal number 1.5 into Go struct field ContainerPort.spec.containers.ports.containerPort "
            "of type int32",
        ),
        (
            POD,
            pod(ports=[{"containerPort": 2**31}]),
            "json: cannot unmarshal number 2147483648 into Go struct field "
            "ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            POD,
            {"spec": {"hostNetwork": "yes"}},
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (
            POD,
            pod(resources={"limits": {"cpu": "a lot"}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (POD, pod(livenessProbe={"httpGet": {"port": True}}), "json: cannot unmarshal bool into Go value of type int32"),
        (
            POD,
            {"metadata": {"creationTimestamp": "noon"}},
            'parsing time "noon" as "2006-01-02T15:04:05Z07:00": cannot parse "noon" as "2006"',
        ),
        (POD, {"metadata": {"creationTimestamp": 7}}, "json: cannot unmarshal number into Go value of type string"),
        (resource_of(Secret), {"data": {"k": "ab*d"}}, "illegal base64 data at input byte 2"),
    ],
)  # fmt: skip
def test_wrong_types_are_refused_as_go_does(resource: Resource, body: Any, problem: str) -> None:
    kind = resource.info.kind
    with pytest.raises(BadRequest) as caught:
        decode_body(resource, orjson.dumps(body))
    assert caught.value.message == f'{kind} in version "v1" cannot be handled as a {kind}: {problem}'


@pytest.mark.parametrize("day", ["2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z"])
def test_times_that_are_not_on_the_calendar_are_refused(day: str) -> None:
    with pytest.raises(BadRequest, match="parsing time"):
        decoded(POD, {"metadata": {"creationTimestamp": day}})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"apiVersion": "v1", "kind": ', 'unexpected end of JSON input ({"apiVersion": "v1", "kind": )'),
        (b"[]", "json: cannot unmarshal array into Go value of type struct"),
        (b'"text"', "json: cannot unmarshal string into Go value of type struct"),
        (b"", "unexpected end of JSON input (<empty>)"),
    ],
)
def test_bodies_that_are_no_objects_are_refused(raw: bytes, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_body(CONFIG_MAP, raw)
    start = (
        "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error"
    )
    assert caught.value.message.startswith(f"{start}: {said}")


SCHEME = 'in scheme "pkg/api/legacyscheme/scheme.go:30"'


@pytest.mark.parametrize(
    ("api_version", "kind", "said"),
    [
        ("v1", "Secret", "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        ("", "PodList", "converting (v1.PodList) to (core.ConfigMap): unknown conversion"),
        ("apps/v1", "Deployment", "converting (v1.Deployment) to (core.ConfigMap): unknown conversion"),
        ("apps/v1beta1", "Deployment", "converting (v1beta1.Deployment) to (core.ConfigMap): unknown conversion"),
        ("apps/v1", "ListOptions", "converting (v1.ListOptions) to (core.ConfigMap): unknown conversion"),
        ("nope/v7", "Status", "converting (v1.Status) to (core.ConfigMap): unknown conversion"),
        ("apps/v1", "ConfigMap", f'no kind "ConfigMap" is registered for version "apps/v1" {SCHEME}'),
        ("v2", "", f'no kind "ConfigMap" is registered for version "v2" {SCHEME}'),
        ("v1", "configmap", f'no kind "configmap" is registered for version "v1" {SCHEME}'),
    ],
)
def test_a_body_must_be_of_the_kind_that_the_path_names(api_version: str, kind: str, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decoded(CONFIG_MAP, {"apiVersion": api_version, "kind": kind})
    version = api_version.rpartition("/")[2] or "v1"
    assert (
        caught.value.message == f'{kind or "ConfigMap"} in version "{version}" cannot be handled as a ConfigMap: {said}'
    )


def test_another_version_of_the_same_kind_is_told_apart() -> None:
    with pytest.raises(BadRequest) as caught:
        decoded(resource_of(Deployment), {"apiVersion": "apps/v1beta1", "kind": "Deployment"})
    expected = "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)"
    assert caught.value.message == expected


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b'{"kind":1}',
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of "
            'type string ({"kind":1})',
        ),
        (b'{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'),
    ],
)
def test_a_body_that_does_not_say_what_it_is(raw: bytes, said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        decode_body(CONFIG_MAP, raw)
    assert caught.value.message == f"the object provided is unrecognized (must be of type ConfigMap): {said}"


TYPO = pod(imagePullPolice="Always", ports=[{"containerPort": 80, "containerport": 81}])
UNKNOWN = (
    'unknown field "spec.containers[0].imagePullPolice"',
    'unknown field "spec.containers[0].ports[0].containerport"',
)


def test_unknown_fields_are_dropped_and_told() -> None:
    answer = decode_body(POD, orjson.dumps(TYPO))
    assert answer.problems == UNKNOWN
    assert answer.value["spec"]["containers"][0] == {"name": "c", "ports": [{"containerPort": 80}]}


def test_nobody_hears_of_ignored_fields() -> None:
    assert decode_body(POD, orjson.dumps(TYPO), validation="Ignore").problems == ()


def test_strict_decoding_refuses_unknown_and_repeated_fields() -> None:
    with pytest.raises(BadRequest) as caught:
        decode_body(POD, orjson.dumps(TYPO), validation="Strict")
    start = 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
    assert caught.value.message == start + ", ".join(UNKNOWN)
    with pytest.raises(BadRequest, match=r'strict decoding error: duplicate field "data.k"$'):
        decode_body(CONFIG_MAP, b'{"data":{"k":"v","k":"w"}}', validation="Strict")


def test_strict_decoding_names_what_is_wrong_in_the_order_of_the_text() -> None:
    body = b'{"kind": "ConfigMap", "dat": 1, "data": {}, "data": {}, "more": {"x": 1, "x": 2}, "kind": "ConfigMap"}'
    said = 'unknown field "dat", duplicate field "data", unknown field "more", '
    with pytest.raises(BadRequest) as caught:
        decode_body(CONFIG_MAP, body, validation="Strict")
    assert caught.value.message.endswith(said + 'duplicate field "kind"')


def test_the_last_of_repeated_fields_counts() -> None:
    answer = decode_body(CONFIG_MAP, b'{"data":{"k":"v"},"data":{"k":"w"},"extra":1}')
    assert answer.value["data"] == {"k": "w"}
    assert answer.problems == ('duplicate field "data"', 'unknown field "extra"')


def test_yaml_bodies_decode_alike() -> None:
    raw = b"kind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: c, stdin: no}]\n  odd: 1\n"
    answer = decode_body(POD, raw, media_type="application/yaml")
    assert answer.value["spec"] == {"containers": [{"name": "c"}]}
    assert answer.problems == ('unknown field "spec.odd"',)


def test_values_without_end_are_refused() -> None:
    deep = b'{"spec":' + b'{"affinity":' * 5000 + b"{}" + b"}" * 5001
    with pytest.raises(BadRequest):
        decode_body(POD, deep)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"spec": {"replicas": "many"}}, "unrecognized type: int32"),
        ({"spec": {"template": []}}, "cannot restore struct from: slice"),
        ({"spec": {"template": {"spec": {"containers": {}}}}}, "cannot restore slice from map"),
        ({"spec": {"template": {"spec": {"nodeSelector": "x"}}}}, "cannot restore map from string"),
    ],
)
def test_the_converter_words_wrong_types_its_own_way(body: dict[str, Any], problem: str) -> None:
    with pytest.raises(Mismatch) as caught:
        decode_value(resource_of(Deployment), body)
    assert converter_problem(caught.value) == problem


def test_paths_are_written_as_kubernetes_does() -> None:
    assert path_of(((((None, "spec"), "ports"), 0), "name")) == "spec.ports[0].name"


def test_ports_take_numbers_and_names() -> None:
    body = {"spec": {"ports": [{"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": "http"}]}}
    ports = decoded(resource_of(Service), body)["spec"]["ports"]
    assert [port["targetPort"] for port in ports] == [8080, "http"]


@pytest.mark.parametrize(("given", "text"), [([], ""), ([97, None], "YQA="), ("YQ==", "YQ==")])
def test_bytes_may_be_an_array_of_numbers(given: Any, text: str) -> None:
    assert decoded(resource_of(Secret), {"data": {"k": given}})["data"] == {"k": text}


@pytest.mark.parametrize("given", [[256], [-1], [True], ["a"]])
def test_arrays_of_what_is_no_byte_are_refused(given: Any) -> None:
    with pytest.raises(BadRequest):
        decoded(resource_of(Secret), {"data": {"k": given}})
