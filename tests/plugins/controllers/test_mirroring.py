"""Endpoints that somebody else writes, as slices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete, Plan, Update
from sampan.core.model.core_v1.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from sampan.core.model.core_v1.service import Service, ServiceSpec
from sampan.core.model.discovery_v1.endpoint_slice import EndpointSlice
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.state import State
from sampan.plugins.controllers.core.endpoints.mirroring import EndpointSliceMirroringController

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def service(**spec: Any) -> Service:
    return Service(metadata=ObjectMeta(name="db", namespace="default", uid="s"), spec=ServiceSpec(**spec))


def endpoints(*ips: str, not_ready: tuple[str, ...] = (), labels: dict[str, str] | None = None) -> Endpoints:
    subset = EndpointSubset(
        addresses=tuple(EndpointAddress(ip=ip) for ip in ips),
        not_ready_addresses=tuple(EndpointAddress(ip=ip) for ip in not_ready),
        ports=(EndpointPort(name="sql", port=5432, protocol="TCP"),),
    )
    meta = ObjectMeta(name="db", namespace="default", uid="e", labels=labels or {})
    return Endpoints(metadata=meta, subsets=(subset,))


def decide(*objects: Any) -> Plan:
    return EndpointSliceMirroringController().reconcile(Key("default", "db"), State(*objects), NOW)


def made(plan: Plan) -> list[EndpointSlice]:
    return [
        action.obj for action in plan.actions if isinstance(action, Create) and isinstance(action.obj, EndpointSlice)
    ]


def test_each_family_has_a_slice_that_names_its_service() -> None:
    four, six = made(decide(service(), endpoints("10.0.0.1", "fd00::1", not_ready=("10.0.0.2",), labels={"a": "b"})))
    assert (four.address_type, six.address_type) == ("IPv4", "IPv6")
    assert [(each.addresses, each.conditions.ready) for each in four.endpoints] == [
        (("10.0.0.1",), True), (("10.0.0.2",), False)
    ]  # fmt: skip
    assert [(port.name, port.port, port.protocol) for port in four.ports] == [("sql", 5432, "TCP")]
    assert dict(four.metadata.labels) == {
        "a": "b",
        "kubernetes.io/service-name": "db",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    [owner] = four.metadata.owner_references
    assert (owner.kind, owner.uid, owner.controller) == ("Endpoints", "e", True)


def test_a_slice_follows_its_endpoints_and_goes_with_its_service() -> None:
    [first] = made(decide(service(), endpoints("10.0.0.1")))
    first = evolve(first, metadata=evolve(first.metadata, name="db-x", uid="x"))
    assert decide(service(), endpoints("10.0.0.1"), first).actions == ()
    [update] = decide(service(), endpoints("10.0.0.1", "10.0.0.3"), first).actions
    assert isinstance(update, Update)
    for left in ((endpoints("10.0.0.1"), first), (service(), first)):
        [gone] = decide(*left).actions
        assert isinstance(gone, Delete)
        assert gone.name == "db-x"


@pytest.mark.parametrize(
    ("spec", "labels"),
    [
        ({"selector": {"app": "db"}}, {}),
        ({"type": "ExternalName", "external_name": "db.test"}, {}),
        ({}, {"endpointslice.kubernetes.io/skip-mirror": "true"}),
    ],
)
def test_what_has_slices_of_its_own_is_not_mirrored(spec: dict[str, Any], labels: dict[str, str]) -> None:
    assert decide(service(**spec), endpoints("10.0.0.1", labels=labels)).actions == ()
