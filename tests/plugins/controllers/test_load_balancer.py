"""Which address a Service of the type LoadBalancer gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sampan.core.contracts.controller import Key
from sampan.core.contracts.plan import Emit, Plan, Update
from sampan.core.model.core_v1.node import Node, NodeAddress, NodeStatus
from sampan.core.model.core_v1.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.state import State
from sampan.plugins.controllers.core.load_balancer import LoadBalancerController

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def node(name: str, address: str) -> Node:
    addresses = (NodeAddress(type="InternalIP", address=address),)
    return Node(metadata=ObjectMeta(name=name), status=NodeStatus(addresses=addresses))


def service(name: str, port: int = 80, *, has: str = "", age: int = 0, **spec: Any) -> Service:
    ingress = (LoadBalancerIngress(ip=has),) if has else ()
    return Service(
        metadata=ObjectMeta(name=name, namespace="default", creation_timestamp=NOW - timedelta(seconds=age)),
        spec=ServiceSpec(**{"type": "LoadBalancer", "ports": (ServicePort(port=port, protocol="TCP"),), **spec}),
        status=ServiceStatus(load_balancer=LoadBalancerStatus(ingress=ingress)),
    )


def decide(name: str, *objects: Any) -> Plan:
    return LoadBalancerController().reconcile(Key("default", name), State(*objects), NOW)


def given(plan: Plan) -> list[str | None]:
    """The addresses of the status that the plan writes."""
    [update] = [action for action in plan.actions if isinstance(action, Update)]
    assert isinstance(update.obj, Service)
    assert update.subresource == "status"
    return [ingress.ip for ingress in update.obj.status.load_balancer.ingress]


ONE, TWO = node("a", "192.0.2.1"), node("b", "192.0.2.2")


def test_it_is_a_nodes_address() -> None:
    assert given(decide("web", service("web"), ONE, TWO)) == ["192.0.2.1"]
    assert decide("web", service("web", has="192.0.2.2"), ONE, TWO).actions == (), "and stays as it is"


@pytest.mark.parametrize(
    ("families", "found"),
    [
        (("IPv4",), ["192.0.2.1"]),
        (("IPv6", "IPv4"), ["2001:db8::3", "192.0.2.1"]),
        (("IPv6",), ["2001:db8::3"]),
    ],
)
def test_it_has_an_address_of_each_of_its_families(families: tuple[str, ...], found: list[str]) -> None:
    both = node("c", "2001:db8::3")
    assert given(decide("web", service("web", ip_families=families), ONE, both)) == found
    assert given(decide("web", service("web", ip_families=("IPv4", "IPv6")), ONE)) == ["192.0.2.1"], (
        "as far as there are"
    )


def test_two_services_do_not_share_a_port_of_an_address() -> None:
    old = service("old", has="192.0.2.1", age=9)
    assert given(decide("web", service("web"), old, ONE, TWO)) == ["192.0.2.2"]
    assert given(decide("web", service("web", 81), old, ONE)) == ["192.0.2.1"]
    refused = decide("web", service("web", has="192.0.2.1"), old, ONE)
    assert given(refused) == []
    assert [action.reason for action in refused.actions if isinstance(action, Emit)] == ["SyncLoadBalancerFailed"]
    assert decide("old", service("web", has="192.0.2.1"), old, ONE).actions == (), "the older one keeps it"


def test_an_address_goes_with_its_node_and_with_the_type() -> None:
    assert given(decide("web", service("web", has="192.0.2.9"), ONE)) == ["192.0.2.1"]
    assert given(decide("web", service("web", has="192.0.2.1", type="ClusterIP"), ONE)) == []


def test_what_is_somebody_elses_is_left_alone() -> None:
    assert decide("web", service("web", load_balancer_class="mine"), ONE).actions == ()
