"""A cluster whose wall clock is set by hours: no node is lost, no pod is touched, nothing runs hot, and work goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.coordination_v1.lease import Lease
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.testing.live_cluster import LiveCluster
from sampan.core.testing.moved_clock import MovedClock
from tests.support.wait import eventually

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.29"}]}
"""
LEASES = "kube-node-lease"


def alive(cluster: LiveCluster, clock: MovedClock) -> bool:
    leases = cluster.list(Lease, LEASES)
    return len(leases) == 2 and all(
        lease.spec.renew_time is not None and abs(clock.now() - lease.spec.renew_time) <= timedelta(seconds=10)
        for lease in leases
    )


@pytest.mark.sampan(nodes=2)
@pytest.mark.parametrize("hours", [-5, 5])
def test_nobody_notices(sampan_cluster: LiveCluster, sampan_clock: MovedClock, hours: int) -> None:
    sampan_cluster.apply(WEB)
    sampan_cluster.wait_for(Deployment, "default", "web", lambda web: web.status.ready_replicas == 2)
    before = sorted(pod.metadata.uid or "" for pod in sampan_cluster.list(Pod))
    sampan_cluster.requests.clear()
    sampan_clock.set_wall_clock(hours * 3600)
    for _ in range(12):
        sampan_clock.advance(10)
        eventually(lambda: alive(sampan_cluster, sampan_clock), "both nodes have renewed their leases")
    assert len(sampan_cluster.requests.where(resource="leases", verb="update")) <= 2 * 12 + 2
    assert len(list(sampan_cluster.requests.where(verb="update"))) < 100
    for node in sampan_cluster.list(Node):
        assert {each.type: each.status for each in node.status.conditions}["Ready"] == "True"
        assert node.spec.taints == ()
    pods = sampan_cluster.list(Pod)
    assert sorted(pod.metadata.uid or "" for pod in pods) == before
    assert [pod.status.container_statuses[0].restart_count for pod in pods] == [0, 0]
    sampan_cluster.apply(WEB.replace("replicas: 2", "replicas: 3"))
    sampan_cluster.wait_for(Deployment, "default", "web", lambda web: web.status.ready_replicas == 3)
