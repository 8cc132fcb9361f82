"""Endpoints and EndpointSlices: who is behind a Service, under which ports, and how slices are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampan.core.contracts.controller import Controller, Key
from sampan.core.contracts.plan import Create, Delete, Plan, Update
from sampan.core.model.builtin import Endpoints, EndpointSlice, Node, Pod, Service
from sampan.core.model.core_v1.container import Container, ContainerPort
from sampan.core.model.core_v1.pod import PodCondition, PodIP, PodStatus
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.core_v1.service import ServicePort, ServiceSpec
from sampan.core.model.discovery_v1.endpoint_slice import EndpointHints, ForNode, ForZone
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.testing.state import State
from sampan.plugins.controllers.core.endpoints.endpoints import EndpointsController
from sampan.plugins.controllers.core.endpoints.slices import EndpointSliceController

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
KEY = Key("default", "web")
HTTP = ServicePort(name="http", port=80, protocol="TCP", target_port=8080)
NAMED = ServicePort(name="m", port=9090, protocol="TCP", target_port="metrics")


def service(**spec: Any) -> Service:
    defaults: dict[str, Any] = {
        "selector": {"app": "web"},
        "cluster_ip": "10.96.0.7",
        "ip_families": ("IPv4",),
        "type": "ClusterIP",
        "ports": (HTTP, NAMED),
    }
    metadata = ObjectMeta(name="web", namespace="default", uid="svc", labels={"team": "a"}, creation_timestamp=NOW)
    return Service(metadata=metadata, spec=ServiceSpec(**(defaults | spec)))


def pod(number: int, ready: bool = True, *, going: bool = False, **spec: Any) -> Pod:
    ip = f"10.1.{number // 250}.{number % 250 + 1}"
    port = ContainerPort(name="metrics", container_port=9100, protocol="TCP")
    return Pod(
        metadata=ObjectMeta(
            name=f"p{number:04d}",
            namespace="default",
            uid=f"u{number}",
            labels={"app": "web"},
            deletion_timestamp=NOW if going else None,
        ),
        spec=PodSpec(containers=(Container(name="c", ports=(port,)),), node_name="n", **spec),
        status=PodStatus(
            phase="Running",
            pod_ip=ip,
            pod_ips=(PodIP(ip=ip),),
            conditions=(PodCondition(type="Ready", status="True" if ready else "False", last_transition_time=NOW),),
        ),
    )


def decide(controller: Controller, *objects: KubeObject) -> Plan:
    plan = controller.reconcile(KEY, State(*objects, controller=controller), NOW)
    assert isinstance(plan, Plan)
    return plan


def made(plan: Plan) -> Any:
    [action] = plan.actions
    assert isinstance(action, Create | Update)
    return action.obj


def endpoints(*objects: KubeObject) -> Endpoints:
    found: Endpoints = made(decide(EndpointsController(), *objects))
    return found


def ips(found: Endpoints) -> list[tuple[list[str], list[str]]]:
    return [
        ([item.ip for item in subset.addresses], [item.ip for item in subset.not_ready_addresses])
        for subset in found.subsets
    ]


def test_ready_and_unready_pods_are_told_apart() -> None:
    found = endpoints(service(), pod(1), pod(0), pod(2, ready=False), pod(3, going=True))
    assert ips(found) == [(["10.1.0.1", "10.1.0.2"], ["10.1.0.3"])]
    assert [(port.name, port.port) for port in found.subsets[0].ports] == [("http", 8080), ("m", 9100)]
    address = found.subsets[0].addresses[0]
    assert address.target_ref is not None
    assert (address.node_name, address.target_ref.kind, address.target_ref.uid) == ("n", "Pod", "u0")
    assert found.metadata.labels == {"team": "a", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"publish_not_ready_addresses": True}, [(["10.1.0.1", "10.1.0.2", "10.1.0.3"], [])]),
        ({"cluster_ip": "None", "ports": ()}, [(["10.1.0.1"], ["10.1.0.2"])]),
        ({"ports": ()}, []),
        ({"ports": (evolve(NAMED, target_port="absent"),)}, []),
        ({"selector": {"app": "other"}}, []),
    ],
    ids=["publish not ready", "headless without ports", "no ports", "no such port", "selects nothing"],
)
def test_what_a_service_asks_for(change: dict[str, Any], expected: Any) -> None:
    assert ips(endpoints(service(**change), pod(0), pod(1, ready=False), pod(2, going=True))) == expected


@pytest.mark.parametrize("families", [("IPv4", "IPv6"), ("IPv6", "IPv4"), ("IPv6",)])
def test_a_service_has_slices_of_each_of_its_families_and_endpoints_of_the_first(families: tuple[str, ...]) -> None:
    both = pod(0)
    both = evolve(both, status=evolve(both.status, pod_ips=(PodIP(ip="10.1.0.1"), PodIP(ip="fd00::1"))))
    asked = service(ip_families=families)
    of_family = {"IPv4": "10.1.0.1", "IPv6": "fd00::1"}
    assert ips(endpoints(asked, both)) == [([of_family[families[0]]], [])]
    created: list[Any] = [
        action.obj for action in decide(EndpointSliceController(), asked, both).actions if isinstance(action, Create)
    ]
    assert {each.address_type: [end.addresses for end in each.endpoints] for each in created} == {
        family: [(of_family[family],)] for family in families
    }


def test_headless_services_are_marked_and_pods_keep_their_names() -> None:
    headless = service(cluster_ip="None")
    found = endpoints(headless, pod(0, hostname="db-0", subdomain="web"), pod(1, hostname="x", subdomain="other"))
    assert found.metadata.labels["service.kubernetes.io/headless"] == ""
    assert [address.hostname for address in found.subsets[0].addresses] == ["db-0", None]


@pytest.mark.parametrize("spec", [{"selector": {}}, {"type": "ExternalName"}])
@pytest.mark.parametrize("controller", [EndpointsController(), EndpointSliceController()])
def test_endpoints_of_others_are_left_alone(controller: Controller, spec: dict[str, Any]) -> None:
    own = Endpoints(metadata=ObjectMeta(name="web", namespace="default"))
    assert decide(controller, service(**spec), own, pod(0)).actions == ()


def test_endpoints_are_written_once_and_go_with_their_service() -> None:
    found = endpoints(service(), pod(0))
    assert decide(EndpointsController(), service(), found, pod(0)).actions == ()
    [gone] = decide(EndpointsController(), found, pod(0)).actions
    assert isinstance(gone, Delete)


def test_more_than_a_thousand_addresses_are_cut_ready_ones_last() -> None:
    found = endpoints(service(), *(pod(n, ready=n >= 10) for n in range(1005)))
    [(ready, unready)] = ips(found)
    assert (len(ready), len(unready)) == (995, 5)
    assert found.metadata.annotations["endpoints.kubernetes.io/over-capacity"] == "truncated"


class Slices:
    """The slices of one Service, through many changes."""

    def __init__(self) -> None:
        self.slices: dict[str, EndpointSlice] = {}
        self.writes = 0

    def follow(self, *objects: KubeObject) -> None:
        plan = decide(EndpointSliceController(), *objects, *self.slices.values())
        for action in plan.actions:
            self.writes += 1
            if isinstance(action, Delete):
                del self.slices[action.name]
                continue
            assert isinstance(action, Create | Update)
            item = action.obj
            assert isinstance(item, EndpointSlice)
            name = item.metadata.name or f"web-{self.writes}"
            assert isinstance(action, Update) == (name in self.slices)
            self.slices[name] = evolve(item, metadata=evolve(item.metadata, name=name, uid=name))

    @property
    def only(self) -> EndpointSlice:
        [item] = self.slices.values()
        return item


def test_a_slice_says_whose_it_is_and_how_its_endpoints_are() -> None:
    story = Slices()
    story.follow(service(), pod(0), pod(1, ready=False), pod(2, going=True))
    item = story.only
    assert item.metadata.generate_name == "web-"
    assert item.metadata.labels == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert (item.metadata.owner_references[0].kind, item.address_type) == ("Service", "IPv4")
    states = [endpoint.conditions for endpoint in item.endpoints]
    assert [(state.ready, state.serving, state.terminating) for state in states] == [
        (True, True, False),
        (False, False, False),
        (False, True, True),
    ]


@pytest.mark.parametrize(
    ("wanted", "hints"),
    [
        (None, None),
        ("PreferClose", EndpointHints(for_zones=(ForZone(name="a"),))),
        ("PreferSameZone", EndpointHints(for_zones=(ForZone(name="a"),))),
        ("PreferSameNode", EndpointHints(for_zones=(ForZone(name="a"),), for_nodes=(ForNode(name="n"),))),
    ],
)
def test_traffic_that_is_to_stay_near_is_hinted_at_for_ready_endpoints(
    wanted: str | None, hints: EndpointHints | None
) -> None:
    node = Node(metadata=ObjectMeta(name="n", labels={"topology.kubernetes.io/zone": "a"}))
    objects = service(traffic_distribution=wanted), node, pod(1), pod(2, ready=False)
    slices = made(decide(EndpointSliceController(), *objects))
    assert [endpoint.hints for endpoint in slices.endpoints] == [hints, None]


def test_a_service_without_pods_has_one_empty_slice_that_is_used_again() -> None:
    story = Slices()
    story.follow(service())
    [name] = story.slices
    assert (story.only.endpoints, story.only.ports) == ((), ())
    story.follow(service())
    assert story.writes == 1
    story.follow(service(), pod(0))
    story.follow(service(selector={"app": "other"}), pod(0))
    assert list(story.slices) == [name]
    assert (story.only.endpoints, story.only.ports) == ((), ())


@settings(max_examples=60)
@given(st.lists(st.sets(st.integers(0, 260), max_size=260), min_size=1, max_size=5))
def test_slices_hold_every_endpoint_once_and_none_too_many(steps: list[set[int]]) -> None:
    story = Slices()
    for numbers in steps:
        story.follow(service(), *(pod(number) for number in numbers))
        found = [ip for item in story.slices.values() for endpoint in item.endpoints for ip in endpoint.addresses]
        assert sorted(found) == sorted(pod(number).status.pod_ip or "" for number in numbers)
        assert all(len(item.endpoints) <= 100 for item in story.slices.values())
        before = story.writes
        story.follow(service(), *(pod(number) for number in numbers))
        assert story.writes == before
