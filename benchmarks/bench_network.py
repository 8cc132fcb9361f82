"""What a Service costs: changes of the kernel's rules by size, throughput through each proxy, and DNS queries a second.

Run as root: ``python benchmarks/bench_network.py``. All figures are of one run; ratios are what to compare.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.contracts.proxy import ChangingProxy, Endpoint, Proxy, ProxySettings, ServicePort
from sampan.core.model.core_v1.service import Service, ServiceSpec
from sampan.core.model.core_v1.service import ServicePort as Port
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint as SlicedEndpoint
from sampan.core.model.discovery_v1.endpoint_slice import EndpointPort, EndpointSlice
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.services.records import zone_records
from sampan.core.services.service_ports import service_ports
from sampan.core.services.service_table import Owner, ServiceTable
from sampan.plugins.dns.server import ClusterDns
from sampan.plugins.proxies.nftables.proxy import NftablesProxy
from sampan.plugins.proxies.userspace.proxy import UserspaceProxy

RANGE = "10.253.0.0/16"
SIZES = (10, 1000, 5000)
CHANGES = 10
ROUND_TRIPS = 3000
TURNS = 7


def main() -> None:
    for size in SIZES:
        took, own = change_of_one_endpoint(size)
        print(
            f"one endpoint changed, {size:>5} services: {took * 1000:.1f} ms ({own * 1000:.1f} ms in sampan, rest in nft)"
        )
    with served() as endpoint:
        for name, make in (("nftables", NftablesProxy), ("userspace", UserspaceProxy)):
            with proxied(make) as proxy:
                proxy.sync([service(1, endpoint)])
                # In turn, and the best of each: other programs of the machine slow either.
                rates = [(round_trips(endpoint.ip, endpoint.port), round_trips("10.253.0.1", 80)) for _ in range(TURNS)]
                straight, through = (max(each) for each in zip(*rates, strict=True))
                print(
                    f"round trips through {name:>10}: {through:,.0f}/s, straight to the server {straight:,.0f}/s"
                    f" ({through / straight:.2f})"
                )
    for line in queries():
        print(line)


def service(number: int, *endpoints: Endpoint) -> ServicePort:
    return ServicePort(
        namespace="default", name=f"s{number}", port_name="", protocol="TCP",
        ip=f"10.253.{number >> 8}.{number & 255}", port=80, endpoints=endpoints,
    )  # fmt: skip


@contextlib.contextmanager
def proxied(make: type[NftablesProxy] | type[UserspaceProxy]) -> Iterator[Proxy]:
    with tempfile.TemporaryDirectory() as folder:
        proxy = make(ProxySettings(cluster="bench", state_dir=Path(folder), service_cidr=RANGE, pod_cidr=""))
        proxy.start()
        try:
            yield proxy
        finally:
            proxy.destroy()


def change_of_one_endpoint(size: int) -> tuple[float, float]:
    """Seconds from a changed EndpointSlice to rules in place, and this process' own CPU time in it; medians of a few."""
    with proxied(NftablesProxy) as proxy:
        assert isinstance(proxy, ChangingProxy)
        table = ServiceTable()
        table.put(asked(number, "10.244.0.2") for number in range(1, size + 1))
        proxy.sync(table.all())
        took, own = [], []
        for turn in range(CHANGES):
            start, cpu = time.perf_counter(), time.process_time()
            change = table.put([asked(size, f"10.244.0.{3 + turn % 2}")])
            proxy.change(change.come, change.gone)
            took.append(time.perf_counter() - start)
            own.append(time.process_time() - cpu)
    return statistics.median(took), statistics.median(own)


def asked(number: int, *pods: str) -> tuple[Owner, list[ServicePort]]:
    """What a Service asks for, as its objects say."""
    name = f"s{number}"
    made = Service(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=ServiceSpec(cluster_ip=f"10.253.{number >> 8}.{number & 255}", ports=(Port(port=80),)),
    )
    pods_slice = EndpointSlice(
        metadata=ObjectMeta(name=name, namespace="default"),
        address_type="IPv4",
        ports=(EndpointPort(port=80),),
        endpoints=tuple(SlicedEndpoint(addresses=(pod,)) for pod in pods),
    )
    return ("default", name), service_ports(made, [pods_slice])


@contextlib.contextmanager
def served() -> Iterator[Endpoint]:
    """A server that sends back what it gets, one client at a time."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    while data := connection.recv(4096):
                        connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield Endpoint(ip="127.0.0.1", port=listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def round_trips(ip: str, port: int) -> float:
    with socket.create_connection((ip, port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        for _ in range(ROUND_TRIPS):
            client.sendall(b"x" * 100)
            client.recv(4096)
        return ROUND_TRIPS / (time.perf_counter() - start)


def queries(port: int = 15353) -> Iterator[str]:
    """Names of a cluster, asked by ``dnsperf``; of dnsmasq too, where it is installed."""
    if shutil.which("dnsperf") is None:
        yield "DNS: install dnsperf (and dnsmasq-base, to compare with)"
        return
    names = {f"s{number}.default.svc.cluster.local": f"10.96.1.{number}" for number in range(100)}
    server = ClusterDns(NameServerSettings(state_dir=Path(), domain="cluster.local"))
    server.start("127.0.0.1", port)
    server.put("zone", zone_records())
    for name, address in names.items():
        server.put(name, [Record(name, "A", address)])
    try:
        cpu = time.process_time()
        rate, answered = dnsperf(names, port)
        cpu = time.process_time() - cpu
        yield f"DNS: {rate:,.0f} queries/s ({answered / cpu:,.0f} for each second of its own CPU time)"
    finally:
        server.close()
    if program := shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"):
        words = [f"--host-record={name},{address}" for name, address in names.items()]
        words += ["--port", str(port), "--listen-address=127.0.0.1", "--bind-interfaces", "--conf-file=/dev/null"]
        dnsmasq = subprocess.Popen([program, "--keep-in-foreground", "--no-resolv", "--pid-file=", *words])
        try:
            other, _ = dnsperf(names, port)
            yield f"DNS: {other:,.0f} queries/s by dnsmasq ({rate / other:.2f})"
        finally:
            dnsmasq.terminate()
            dnsmasq.wait()


def dnsperf(names: Iterable[str], port: int) -> tuple[float, int]:
    """(queries a second, how many were answered)"""
    with tempfile.NamedTemporaryFile("w") as asked:
        asked.writelines(f"{name} {type_}\n" for name in names for type_ in ("A", "AAAA"))
        asked.flush()
        words = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", asked.name, "-l", "4", "-c", "16", "-q", "100"]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    figures = dict(line.strip().split(":", 1) for line in said.splitlines() if ":" in line)
    return float(figures["Queries per second"]), int(figures["Queries completed"].split()[0])


if __name__ == "__main__":
    main()
