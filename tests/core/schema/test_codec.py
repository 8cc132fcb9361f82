"""Objects and wire values are two forms of the same thing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import attrs
import orjson
import pytest

from sampan.core.model.builtin import BUILTIN_KINDS, ConfigMap, Lease, Pod, Secret, Service
from sampan.core.model.kinds import KubeObject, info
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.schema.decode import decode_value
from sampan.core.schema.encode import encode
from sampan.core.schema.resource import resource_of

POD: dict[str, Any] = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {
        "name": "a",
        "creationTimestamp": "2024-01-01T00:00:00Z",
        "labels": {"app": "x"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u", "controller": False}],
        "managedFields": [{"manager": "m", "fieldsV1": {"f:metadata": {"f:name": {}}}}],
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "args": ["a", "b"],
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "1"}},
                "readinessProbe": {"httpGet": {"port": "http"}},
                "livenessProbe": {"tcpSocket": {"port": 80}},
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "terminationGracePeriodSeconds": 0,
    },
    "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
}


UNDEMANDING = [
    cls for cls in BUILTIN_KINDS if all(field.default is not attrs.NOTHING for field in attrs.fields(cast(Any, cls)))
]


@pytest.mark.parametrize("cls", UNDEMANDING, ids=lambda cls: info(cls).kind)
def test_almost_empty_objects_have_the_same_bytes_again(cls: type[KubeObject]) -> None:
    resource = resource_of(cls)
    stored = encode(resource.struct, decode_value(resource, {"metadata": {"name": "a"}}).value)
    assert encode(resource.struct, to_wire(from_wire(cls, orjson.loads(stored)))) == stored


def test_a_pod_survives_the_way_there_and_back() -> None:
    pod = from_wire(Pod, POD)
    assert from_wire(Pod, to_wire(pod)) == pod
    struct = resource_of(Pod).struct
    assert encode(struct, to_wire(pod)) == encode(struct, POD)


def test_attributes_have_python_types() -> None:
    pod = from_wire(Pod, POD)
    assert pod.metadata.creation_timestamp == datetime(2024, 1, 1, tzinfo=UTC)
    assert pod.spec.containers[0].args == ("a", "b")
    assert pod.spec.containers[0].resources.limits == {"cpu": "1"}
    assert pod.spec.termination_grace_period_seconds == 0
    assert pod.spec.containers[0].readiness_probe.http_get.port == "http"  # type: ignore[union-attr]
    assert pod.metadata.owner_references[0].controller is False


def test_stored_nulls_are_absent_attributes() -> None:
    stored = encode(resource_of(Pod).struct, POD)
    condition = from_wire(Pod, orjson.loads(stored)).status.conditions[0]
    assert condition.last_probe_time is None


def test_bytes_and_micro_times() -> None:
    secret = from_wire(Secret, {"data": {"k": "AAE="}})
    assert secret.data == {"k": b"\x00\x01"}
    assert to_wire(secret)["data"] == {"k": "AAE="}
    lease = from_wire(Lease, {"spec": {"renewTime": "2024-01-01T00:00:00.000007Z"}})
    assert to_wire(lease)["spec"] == {"renewTime": "2024-01-01T00:00:00.000007Z"}


@pytest.mark.parametrize("port", [8080, "http"])
def test_ports_are_numbers_or_names(port: int | str) -> None:
    service = from_wire(Service, {"spec": {"ports": [{"port": 80, "targetPort": port}]}})
    assert service.spec.ports[0].target_port == port
    assert to_wire(service)["spec"]["ports"][0]["targetPort"] == port


def test_defaults_are_left_out_and_the_kind_is_named() -> None:
    value: dict[str, Any] = to_wire(ConfigMap())
    assert value == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}}


def test_objects_of_one_template_share_their_spec() -> None:
    pods = [from_wire(Pod, {**POD, "metadata": {"name": f"p{number}"}}) for number in range(4)]
    assert pods[3].spec is pods[2].spec
    assert pods[0].spec == pods[3].spec
    assert [pod.metadata.name for pod in pods] == ["p0", "p1", "p2", "p3"]
    other = from_wire(Pod, {**POD, "spec": {**POD["spec"], "nodeName": "n"}})
    assert other.spec is not None
    assert other.spec.node_name == "n"
