"""The kernel's proxy: the contract with the real kernel, its words, and what it leaves behind."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sampan.core.contracts.proxy import Endpoint, Proxy, ProxySettings, ServicePort
from sampan.core.errors import ConfigError
from sampan.core.host import nft
from sampan.core.host.capabilities import has_ipv6
from sampan.core.host.netlink import HostNetworkError
from sampan.core.ip import FAMILIES
from sampan.core.testing.proxy_contract import ProxyContract, ask_tcp, backend, own_addresses
from sampan.plugins.proxies.nftables import available
from sampan.plugins.proxies.nftables.available import unavailable
from sampan.plugins.proxies.nftables.flows import stale
from sampan.plugins.proxies.nftables.proxy import NftablesProxy
from sampan.plugins.proxies.nftables.rules import difference, pieces, table_name
from tests.support.needs import needs

NETWORK = "10.253.253."
RANGE = f"{NETWORK}0/24"
BOTH = f"{RANGE},fd00:10:253::/112"
needs_ipv6 = needs(has_ipv6() and unavailable(FAMILIES) is None, "there is no IPv6 here, or no rules for it")
needs_kernel = needs(unavailable() is None, str(unavailable()))


def settings(folder: Path) -> ProxySettings:
    return ProxySettings(cluster="test", state_dir=folder, service_cidr=RANGE, pod_cidr="")


def listed(*words: str) -> str:
    return subprocess.run(["nft", "list", *words], capture_output=True, text=True, check=False).stdout


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[NftablesProxy]:
    made = NftablesProxy(settings(tmp_path))
    made.start()
    yield made
    made.destroy()


@pytest.mark.root
@needs_kernel
class TestContract(ProxyContract):
    ip = "10.253.253.10"
    in_kernel = True

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        made = NftablesProxy(settings(tmp_path))
        made.start()
        yield made
        made.destroy()


@pytest.mark.root
@needs_kernel
@needs_ipv6
class TestContractOfIPv6(TestContract):
    """Beside the other family, in the same transactions."""

    ip = "fd00:10:253::10"

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        made = NftablesProxy(attrs.evolve(settings(tmp_path), service_cidr=BOTH))
        made.start()
        yield made
        made.destroy()


def service(*endpoints: Endpoint, **changes: object) -> ServicePort:
    values: dict[str, object] = {
        "namespace": "default", "name": "web", "port_name": "", "protocol": "TCP", "ip": "10.253.253.10", "port": 80,
        "endpoints": endpoints,
    }  # fmt: skip
    return ServicePort(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.root
@needs_kernel
def test_another_process_takes_over_without_a_connection_lost(proxy: NftablesProxy, tmp_path: Path) -> None:
    with backend() as endpoint:
        proxy.sync([service(endpoint)])
        with socket.create_connection(("10.253.253.10", 80), timeout=5) as connection:
            connection.sendall(b"a")
            assert connection.recv(100) == b"%d:a" % endpoint.port
            next_one = NftablesProxy(settings(tmp_path))
            next_one.start()
            next_one.sync([service(endpoint)])
            connection.sendall(b"b")
            assert connection.recv(100) == b"%d:b" % endpoint.port
            next_one.close()


@pytest.mark.root
@needs_kernel
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Of this proxy: other clusters of the machine come and go meanwhile."""
    own = NftablesProxy(settings(tmp_path))
    table = table_name(str(tmp_path))
    own.start()
    with backend() as endpoint:
        own.sync([service(endpoint, affinity_seconds=10), service(endpoint, ip="0.0.0.0", port=31999)])
    assert table in listed("tables")
    assert NETWORK in routes()
    own.close()
    for _ in range(2):
        NftablesProxy(settings(tmp_path)).destroy()
    assert table not in listed("tables")
    assert NETWORK not in routes()
    assert table not in forward_rules()


@pytest.mark.root
@needs_kernel
def test_a_table_of_somebody_elses_is_neither_used_nor_taken_away(tmp_path: Path) -> None:
    table = table_name(str(tmp_path))
    nft.run(f"add table ip {table}\nadd chain ip {table} theirs\n")
    try:
        with pytest.raises(ConfigError, match="none of sampan's"):
            NftablesProxy(settings(tmp_path)).start()
        assert NETWORK not in routes()
        NftablesProxy(settings(tmp_path)).destroy()
        assert "theirs" in listed("table", "ip", table)
    finally:
        nft.delete_table("ip", table)


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("is_network_admin", "it needs root"),
        ("is_installed", "nft is not installed: install the package nftables"),
        ("run", "the kernel refuses its rules: nft: Operation not supported"),
    ],
)
def test_why_it_cannot_work_here(monkeypatch: pytest.MonkeyPatch, lacking: str, said: str) -> None:
    def refuse(_script: str) -> None:
        raise HostNetworkError("nft: Operation not supported")

    for name in ("is_network_admin", "is_installed"):
        place = available if name == "is_network_admin" else nft
        monkeypatch.setattr(place, name, lambda there=lacking != name: there)
    monkeypatch.setattr(nft, "run", refuse)
    assert available.unavailable() == said


@pytest.mark.root
@needs_kernel
def test_one_service_that_the_kernel_refuses_takes_no_other_with_it(proxy: NftablesProxy) -> None:
    with backend() as endpoint:
        broken = service(attrs.evolve(endpoint, ip="not-an-address"), ip="10.253.253.11")
        report = proxy.sync([service(endpoint), broken])
        assert [failed for failed, _ in report.failures] == [broken]
        assert ask_tcp("10.253.253.10", 80) == b"%d:hello" % endpoint.port
        assert proxy.sync([service(endpoint)]).failures == ()


@pytest.mark.root
@needs_kernel
def test_a_port_that_a_program_of_the_host_has_stays_the_programs(proxy: NftablesProxy) -> None:
    with backend() as endpoint, socket.create_server((own_addresses()[-1], 0)) as program:
        balanced = service(endpoint, ip=own_addresses()[-1], port=program.getsockname()[1])
        free = attrs.evolve(balanced, port=31998)
        report = proxy.sync([balanced, free])
        assert [(failed, "another program" in why) for failed, why in report.failures] == [(balanced, True)]
        assert ask_tcp(own_addresses()[-1], 31998) == b"%d:hello" % endpoint.port


@pytest.mark.root
@needs_kernel
def test_clients_stay_where_they_are_when_an_endpoint_joins(proxy: NftablesProxy) -> None:
    with backend() as one, backend() as two:
        proxy.sync([service(one, affinity_seconds=100)])
        first = ask_tcp("10.253.253.10", 80)
        proxy.sync([service(one, two, affinity_seconds=100)])
        assert {ask_tcp("10.253.253.10", 80) for _ in range(8)} == {first}


def routes() -> str:
    return Path("/proc/net/fib_trie").read_text()


def forward_rules() -> str:
    return subprocess.run(["iptables", "-w", "-S", "FORWARD"], capture_output=True, text=True, check=False).stdout


# The words, without a kernel

ONE, TWO = Endpoint(ip="10.1.0.1", port=8080, here=True), Endpoint(ip="10.1.0.2", port=8080, here=True)
FAR = Endpoint(ip="192.0.2.1", port=8080)


def test_a_change_is_as_long_as_what_differs() -> None:
    many = [service(ONE, ip=f"10.253.{n >> 8}.{n & 255}") for n in range(1000)]
    before = pieces(many)
    after = pieces([*many[:-1], attrs.evolve(many[-1], endpoints=(ONE, TWO))])
    assert len(difference("t", before, after).splitlines()) < 10
    assert (
        len(difference("t", before, pieces([*many[:-1], attrs.evolve(many[-1], endpoints=(TWO,))])).splitlines()) == 3
    )
    assert difference("t", before, before) == ""


services = st.lists(
    st.builds(
        service,
        st.sampled_from([ONE, TWO, FAR]),
        ip=st.sampled_from(["10.253.253.1", "10.253.253.2", "0.0.0.0"]),
        port=st.sampled_from([80, 31000]),
        protocol=st.sampled_from(["TCP", "UDP"]),
        affinity_seconds=st.sampled_from([0, 60]),
        sources=st.sampled_from([(), ("192.0.2.0/24",)]),
    ),
    unique_by=lambda each: each.key,
)


@pytest.mark.root
@needs_kernel
@hypothesis_settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.lists(services, min_size=1, max_size=4))
def test_from_any_state_to_any_other_is_where_a_fresh_start_would_be(states: list[list[ServicePort]]) -> None:
    made = NftablesProxy(settings(Path("/tmp/sampan-nft-steps")))
    fresh = NftablesProxy(settings(Path("/tmp/sampan-nft-fresh")))
    try:
        for state in states:
            assert made.sync(state).failures == ()
        made.close()  # the two cannot both listen on 127.0.0.1
        fresh.sync(states[-1])
        names = [table_name(f"/tmp/sampan-nft-{word}") for word in ("steps", "fresh")]
        ruled = [sorted(listed("table", "ip", name).replace(name, "t").splitlines()) for name in names]
        assert ruled[0] == ruled[1]
    finally:
        for each in (made, fresh):
            each.destroy()


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ((ONE,), (ONE,), False), ((ONE, TWO), (ONE,), True), ((ONE,), (ONE, TWO), False), ((), (ONE,), True),
        ((ONE,), (), True), (None, (ONE,), True),
    ],
)  # fmt: skip
def test_whose_udp_flows_are_forgotten(
    before: tuple[Endpoint, ...] | None, after: tuple[Endpoint, ...], found: bool
) -> None:
    def table(endpoints: tuple[Endpoint, ...] | None) -> dict[tuple[str, str, int], ServicePort]:
        each = service(*(endpoints or ()), protocol="UDP")
        return {} if endpoints is None else {each.key: each}

    assert bool(stale(table(before), table(after))) is found
