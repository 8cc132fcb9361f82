"""A folder of manifests, over a restart of the whole cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sampan.core.cluster.cluster import Cluster
from sampan.core.contracts.access import SYSTEM_MASTERS, User
from sampan.core.errors import NotFound
from sampan.core.model.core_v1.pod import Pod
from tests.support.quiet import quiet_cluster
from tests.support.wait import soon

pytestmark = pytest.mark.anyio

MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: c, image: nginx}]
"""


async def start(directory: Path) -> Cluster:
    cluster = quiet_cluster(directory, manifests=directory / "manifests")
    await cluster.start()
    return cluster


async def static_pod(cluster: Cluster, is_so: Callable[[Pod], bool] = lambda _: True) -> Pod:
    """Its mirror pod, once there is one and it is so."""
    client = cluster.api.client(User(name="tester", groups=(SYSTEM_MASTERS,)))

    async def found() -> Pod | None:
        pod = await client.get(Pod, "default", "web-n1")
        return pod if is_so(pod) else None

    pod = await soon(found, "the mirror pod", but=(NotFound,))
    assert pod is not None
    return pod


async def test_a_mirror_pod_that_is_deleted_comes_back_and_its_containers_go_on(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "web.yaml").write_text(MANIFEST)
    cluster = await start(tmp_path)
    client = cluster.api.client(User(name="tester", groups=(SYSTEM_MASTERS,)))
    before = await static_pod(cluster, lambda pod: pod.status.phase == "Running")
    await client.delete(Pod, "default", "web-n1")
    after = await static_pod(
        cluster, lambda pod: pod.metadata.uid != before.metadata.uid and pod.status.phase == "Running"
    )
    await cluster.stop()
    assert [each.container_id for each in after.status.container_statuses] == [
        each.container_id for each in before.status.container_statuses
    ]


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
