"""A folder of manifests, over a restart of the whole cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sampan.core.cluster import Cluster
from sampan.core.config import Config
from sampan.core.contracts.access import SYSTEM_MASTERS, User
from sampan.core.errors import NotFound
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins import load_plugins

pytestmark = pytest.mark.anyio

MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: c, image: nginx}]
"""


async def start(directory: Path) -> Cluster:
    config = Config(
        data_dir=directory / "data", port=0, runtime="simulated", proxy="userspace", node_name="n1",
        manifests=directory / "manifests",
    )  # fmt: skip
    cluster = Cluster(config, load_plugins())
    await cluster.start()
    return cluster


async def static_pod(cluster: Cluster) -> Pod:
    client = cluster.api.client(User(name="tester", groups=(SYSTEM_MASTERS,)))
    async with asyncio.timeout(10):
        while True:
            try:
                return await client.get(Pod, "web-n1", "default")
            except NotFound:
                await asyncio.sleep(0.01)


async def test_a_restart_keeps_the_static_pods_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "web.yaml").write_text(MANIFEST)
    first = await start(tmp_path)
    before = await static_pod(first)
    await first.stop()
    second = await start(tmp_path)
    after = await static_pod(second)
    await second.stop()
    assert after.metadata.uid == before.metadata.uid
    assert after.metadata.deletion_timestamp is None
