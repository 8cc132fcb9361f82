"""What a start decides, before anything is made: what was settled stays, what cannot be is refused."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from sampan.core.cluster.say import silent
from sampan.core.cluster.settle import choose_proxy, settle
from sampan.core.config import Config
from sampan.core.contracts.bases import BalancerBase, ProxyBase
from sampan.core.datadir import Decisions
from sampan.core.errors import ConfigError
from sampan.core.host import netlink
from sampan.core.host.netlink import HostRoute
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry

BEFORE: dict[str, Any] = {
    "cluster": "c",
    "runtime": "simulated",
    "proxy": "userspace",
    "dns": "cluster",
    "store": "memory:",
    "service_cidr": "10.111.0.0/16",
    "nodes": {"n": "10.244.0.0/24"},
}


def decide(folder: Path, before: dict[str, Any], **asked: Any) -> Decisions:
    config = Config(data_dir=folder, **{"runtime": "simulated", "service_cidr": "10.111.0.0/16", **asked})
    return settle(config, Decisions(**before), load_plugins(), silent)


def test_a_first_start_takes_what_was_asked_for(tmp_path: Path) -> None:
    decided = decide(tmp_path, {"cluster": "c"}, node_name="n", nodes=3, pod_cidr="10.9.0.0/24", store="x.db")
    assert decided.nodes == {"n": "10.9.0.0/24", "n-2": "", "n-3": ""}
    assert (decided.node_name, decided.pod_cidr, decided.runtime) == ("n", "10.9.0.0/24", "simulated")
    assert decided.store == f"sqlite://{Path('x.db').resolve()}"


def test_a_later_start_keeps_to_it(tmp_path: Path) -> None:
    assert decide(tmp_path, BEFORE, service_cidr="", runtime="auto") == Decisions(**BEFORE)


def test_nodes_may_be_added_later(tmp_path: Path) -> None:
    assert decide(tmp_path, BEFORE, nodes=2).nodes == {"n": "10.244.0.0/24", "n-2": ""}


@pytest.mark.parametrize(
    ("before", "asked", "found"),
    [
        ("", {}, ""),
        ("", {"ingress": "none"}, ""),
        ("", {"ingress": "caddy"}, "caddy"),
        ("", {"ingress": "auto"}, "caddy"),
        ("", {"ingress_port": 80}, "caddy"),
        ("", {"ingress_tls_port": 443}, "caddy"),
        ("", {"ingress": "none", "ingress_port": 80}, ""),
        ("caddy", {}, "caddy"),
        ("caddy", {"ingress": "none"}, ""),
    ],
)
def test_ingresses_are_served_where_somebody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, asked: dict[str, Any], found: str
) -> None:
    monkeypatch.setattr("sampan.plugins.ingress.program.find_caddy", lambda: "/usr/bin/caddy")
    assert decide(tmp_path, BEFORE | {"ingress": before}, **asked).ingress == found


def test_where_nothing_can_serve_ingresses_it_is_said_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sampan.plugins.ingress.program.find_caddy", lambda: None)
    with pytest.raises(ConfigError, match=r"no HTTP router can work here.*pip install 'sampan\[ingress\]'"):
        decide(tmp_path, BEFORE, ingress="auto")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"service_cidr": "10.0.0.0/99"}, "cannot be the range of service addresses"),
        ({"service_cidr": "10.0.0.1/24"}, "has host bits set"),
        ({"service_cidr": "10.0.0.0/30"}, "too small for service addresses"),
        ({"service_cidr": "fd00::/108"}, "cannot be the ranges of service addresses"),
        ({"service_cidr": "10.112.0.0/16"}, "were settled as 10.111.0.0/16"),
        ({"pod_cidr": "10.244.0.0/33"}, "cannot be the range of pod addresses"),
        ({"pod_cidr": "10.9.0.0/24"}, "were settled as 10.244.0.0/24"),
        ({"runtime": "process"}, "this cluster's runtime is 'simulated'"),
        ({"store": "sqlite:///other.db"}, "were settled as memory:|settled as memory:"),
        ({"balancer": "none-such"}, "there is no balancer named 'none-such': there are least-connections, round-robin"),
        ({"node_name": "m"}, "this cluster's node is 'n'"),
    ],
)
def test_what_contradicts_or_cannot_be_is_refused(tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        decide(tmp_path, BEFORE, **asked)


@pytest.mark.parametrize(
    ("before", "asked", "found"), [("", "auto", "asks"), ("", "asks", "asks"), ("asks", "auto", "asks")]
)
def test_who_asks_for_a_balancer_gets_a_proxy_that_asks_one(
    tmp_path: Path, before: str, asked: str, found: str
) -> None:
    config = Config(data_dir=tmp_path, proxy=asked, balancer="mine")
    assert choose_proxy(two_proxies(), config, before)[0] == found


@pytest.mark.parametrize(("before", "asked"), [("", "kernel"), ("kernel", "auto")])
def test_a_balancer_that_nobody_would_ask_is_refused(tmp_path: Path, before: str, asked: str) -> None:
    config = Config(data_dir=tmp_path, proxy=asked, balancer="mine")
    with pytest.raises(
        ConfigError, match=r"'kernel' chooses endpoints itself.*have a proxy that asks balancers \(asks\)"
    ):
        choose_proxy(two_proxies(), config, before)


def two_proxies() -> Registry:
    """The one that is taken first asks no balancer."""
    registry = Registry()
    registry.proxy("kernel", ProxyBase, rank=1)
    registry.proxy("asks", ProxyBase, rank=2, balances=True)
    registry.balancer("mine", BalancerBase)
    return registry


def test_nodes_do_not_become_fewer(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has 2 nodes"):
        decide(tmp_path, {**BEFORE, "nodes": {"n": "", "n-2": ""}}, nodes=1)


def test_pods_do_not_get_addresses_of_services(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="overlap"):
        decide(tmp_path, {"cluster": "c"}, service_cidr="10.9.0.0/16", pod_cidr="10.9.7.0/24")


def test_services_do_not_get_addresses_of_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = HostRoute(IPv4Network("10.9.7.0/24"), "eth0")
    monkeypatch.setattr(netlink, "routes", lambda: [office])
    said = "service addresses 10.9.0.0/16 overlap 10.9.7.0/24, which eth0 has here: name a free range"
    with pytest.raises(ConfigError, match=said):
        decide(tmp_path, {"cluster": "c"}, service_cidr="10.9.0.0/16")
    again = decide(tmp_path, {**BEFORE, "service_cidr": "10.9.0.0/16"}, service_cidr="10.9.0.0/16")
    assert again.service_cidr == "10.9.0.0/16", "after the first start the route is its own"


def test_the_folder_of_a_joined_node_is_no_place_for_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sampan node join"):
        decide(tmp_path, {**BEFORE, "server": "https://10.0.0.1:6443"})
