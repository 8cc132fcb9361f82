"""ServiceCIDRs that are ready or in use, and claims that agree with their Services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Create, Delete, Emit, Patch, Plan, Update
from sampan.core.model.core_v1.service import Service, ServiceSpec
from sampan.core.model.meta_v1.condition import Condition
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.networking_v1.ip_address import IPAddress, IPAddressSpec, ParentReference
from sampan.core.model.networking_v1.service_cidr import ServiceCIDR, ServiceCIDRSpec, ServiceCIDRStatus
from sampan.core.testing.state import State
from sampan.plugins.controllers.networking.address_repair import AddressRepair
from sampan.plugins.controllers.networking.service_cidrs import FINALIZER, ServiceCidrController

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LABELS = {"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io", "ipaddress.kubernetes.io/ip-family": "IPv4"}


def service_range(
    name: str, cidr: str, *, gone: int | None = None, held: bool = True, ready: bool = True
) -> ServiceCIDR:
    condition = Condition(type="Ready", status="True", reason="", message="Kubernetes Service CIDR is ready")
    deleted = NOW - timedelta(seconds=gone) if gone is not None else None
    return ServiceCIDR(
        metadata=ObjectMeta(name=name, finalizers=(FINALIZER,) if held else (), deletion_timestamp=deleted),
        spec=ServiceCIDRSpec(cidrs=(cidr,)),
        status=ServiceCIDRStatus(conditions=(condition,) if ready else ()),
    )


def claim(address: str, name: str = "web", *, age: int = 100, resource: str = "services") -> IPAddress:
    parent = ParentReference(resource=resource, namespace="default", name=name)
    created = NOW - timedelta(seconds=age)
    return IPAddress(
        metadata=ObjectMeta(name=address, labels=LABELS, creation_timestamp=created),
        spec=IPAddressSpec(parent_ref=parent),
    )


def service(address: str, name: str = "web", *, age: int = 100) -> Service:
    return Service(
        metadata=ObjectMeta(name=name, namespace="default", creation_timestamp=NOW - timedelta(seconds=age)),
        spec=ServiceSpec(type="ClusterIP", cluster_ip=address, cluster_ips=(address,)),
    )


def decide(*objects: Any) -> Plan:
    return ServiceCidrController().reconcile(Key("", "a"), State(*objects), NOW)


def test_a_range_is_held_first_and_then_ready() -> None:
    [hold] = decide(service_range("a", "10.1.0.0/24", held=False, ready=False)).actions
    assert isinstance(hold, Patch)
    assert hold.patch["metadata"]["finalizers"] == [FINALIZER]
    [ready] = decide(service_range("a", "10.1.0.0/24", ready=False)).actions
    assert isinstance(ready, Update)
    assert isinstance(ready.obj, ServiceCIDR)
    assert [(each.type, each.status) for each in ready.obj.status.conditions] == [("Ready", "True")]
    assert decide(service_range("a", "10.1.0.0/24")).actions == ()


@pytest.mark.parametrize(
    ("others", "goes"),
    [
        ([claim("10.1.0.7")], False),
        ([claim("10.1.0.7"), service_range("wider", "10.0.0.0/8")], True),
        ([claim("10.1.0.7"), service_range("part", "10.1.0.0/28")], True),
        ([claim("10.1.0.77"), service_range("part", "10.1.0.0/28")], False),
        ([claim("10.2.0.7")], True),
        ([], True),
    ],
)
def test_a_range_goes_when_no_address_would_be_left_without_one(others: list[Any], goes: bool) -> None:
    [action] = decide(service_range("a", "10.1.0.0/24", gone=10), *others).actions
    if goes:
        assert isinstance(action, Patch)
        assert action.patch["metadata"]["finalizers"] == []
        return
    assert isinstance(action, Update)
    assert isinstance(action.obj, ServiceCIDR)
    assert [(each.status, each.reason) for each in action.obj.status.conditions] == [("False", "Terminating")]


def test_a_range_waits_until_every_server_knows_that_it_goes() -> None:
    assert decide(service_range("a", "10.1.0.0/24", gone=4)).requeue_after == 6


def repair(key: Key, *objects: Any) -> list[str]:
    plan = AddressRepair().reconcile(key, State(service_range("kubernetes", "10.1.0.0/24"), *objects), NOW)
    words = [f"wait {plan.requeue_after:g}"] if plan.requeue_after else []
    for action in plan.actions:
        then = action.then if isinstance(action, Create | Delete) else None
        words += [type(action).__name__] + [each.reason for each in (action, then) if isinstance(each, Emit)]
    return words


@pytest.mark.parametrize(
    ("objects", "done"),
    [
        ([service("10.1.0.7"), claim("10.1.0.7")], []),
        ([service("10.1.0.7", age=50)], ["wait 10"]),
        ([service("10.1.0.7")], ["Create", "ClusterIPNotAllocated"]),
        ([service("10.2.0.7")], ["Emit", "ClusterIPOutOfRange"]),
        ([service("10.1.0.7"), claim("10.1.0.7", "other")], ["Emit", "ClusterIPNotAllocated", "Delete", "Create"]),
        (
            [service("10.1.0.7"), claim("10.1.0.7", "other"), service("10.1.0.7", "other")],
            ["Emit", "ClusterIPAlreadyAllocated"],
        ),
    ],
)
def test_a_service_has_the_claim_to_its_address(objects: list[Any], done: list[str]) -> None:
    assert repair(Key("default", "web"), *objects) == done


@pytest.mark.parametrize(
    ("objects", "done"),
    [
        ([claim("10.1.0.7"), service("10.1.0.7")], []),
        ([claim("10.1.0.7", age=50)], ["wait 10"]),
        ([claim("10.1.0.7")], ["Delete", "Emit", "IPAddressNotAllocated"]),
        ([claim("10.1.0.7"), service("10.1.0.8")], ["Delete", "Emit", "IPAddressWrongReference"]),
        ([claim("10.1.0.7", resource="gateways")], ["Delete", "Emit", "IPAddressNotAllocated"]),
    ],
)
def test_a_claim_has_a_service(objects: list[Any], done: list[str]) -> None:
    assert repair(Key("", "10.1.0.7"), *objects) == done
