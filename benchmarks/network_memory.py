"""What a whole cluster takes in memory with thousands of Services: the control plane with its proxy, and cluster DNS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from benchmarks.cluster import Running, cluster, resident_bytes, until_ready
from benchmarks.connection import Connection
from sampan.core.host.processes import find_by_arguments
from sampan.core.kubeconfig import read_access
from sampan.plugins.dns.child import MODULE

SERVICES = 5000
SETTLES_IN = 5.0
"""Seconds for proxy and DNS to have caught up."""


def report() -> Iterator[str]:
    with cluster("simulated", "--proxy", "nftables") as running:
        until_ready(running)
        before = _sizes(running)
        asyncio.run(_create(running))
        time.sleep(SETTLES_IN)
        for (name, size), start in zip(_sizes(running).items(), before.values(), strict=True):
            each = (size - start) / SERVICES / 1000
            yield f"memory of {name} with {SERVICES:,} services: {size / 10**6:.0f} MB, {each:.1f} kB for each of them"


def _sizes(running: Running) -> dict[str, int]:
    folder = running.data_dir / "dns" / "cluster"
    [server] = find_by_arguments(["-m", MODULE, str(folder)])
    return {"the control plane": running.resident_bytes(), "cluster DNS": resident_bytes(server)}


async def _create(running: Running) -> None:
    connection = await Connection(read_access(running.kubeconfig)).open()
    for number in range(SERVICES):
        spec = {"selector": {"app": f"s{number}"}, "ports": [{"port": 80}]}
        await connection.raw(
            "POST", "/api/v1/namespaces/default/services", {"metadata": {"name": f"s{number}"}, "spec": spec}
        )
    connection.close()
