"""From a changed EndpointSlice to the kernel's rules, by the number of services."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sampan.core.contracts.proxy import ProxySettings, ServicePort
from sampan.core.model.core_v1.service import Service, ServiceSpec
from sampan.core.model.core_v1.service import ServicePort as Port
from sampan.core.model.discovery_v1.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.services.service_ports import service_ports
from sampan.core.services.service_table import Owner, ServiceTable
from sampan.plugins.proxies.nftables.proxy import NftablesProxy

RANGE = "10.253.0.0/16"
SIZES = (10, 1000, 5000)
CHANGES = 10
GOAL_MS = 20


def report() -> Iterator[str]:
    for size in SIZES:
        took, own = change_of_one_endpoint(size)
        yield (
            f"one endpoint changed, {size:>5} services: {took * 1000:6.1f} ms, of them {own * 1000:.1f} ms sampan's own"
            f" (goal < {GOAL_MS}, flat), the rest nft's"
        )


def change_of_one_endpoint(size: int) -> tuple[float, float]:
    """Seconds from a changed EndpointSlice to rules in place, and this process' CPU time in it (medians)."""
    with proxied() as proxy:
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


@contextlib.contextmanager
def proxied() -> Iterator[NftablesProxy]:
    with tempfile.TemporaryDirectory() as folder:
        settings = ProxySettings(cluster="bench", state_dir=Path(folder), service_cidr=RANGE, pod_cidr="")
        proxy = NftablesProxy(settings)
        proxy.start()
        try:
            yield proxy
        finally:
            proxy.destroy()


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
        endpoints=tuple(Endpoint(addresses=(pod,)) for pod in pods),
    )
    return ("default", name), service_ports(made, [pods_slice])
