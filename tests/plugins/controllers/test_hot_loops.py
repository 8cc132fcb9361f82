"""What can never be is not looked at again and again: a claim that nobody can satisfy, two owners of one selector, a metric
that is missing, pods that are refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.stateful_set import StatefulSet
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.batch_v1.job import Job
from sampan.core.model.core_v1.persistent_volume_claim import PersistentVolumeClaim
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.resource_quota import ResourceQuota
from sampan.core.model.kinds import KubeObject
from sampan.core.schema.codec import from_wire
from sampan.core.testing.clock import FakeClock
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio

MINUTES = 5
MOST_A_MINUTE = 12
"""Looks of one controller: each of the few objects here, every few seconds."""

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def template(image: str, **pod: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": image}], **pod}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


def workload(image: str, **spec: Any) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"app": "web"}}, "template": template(image), **spec}


def made(kind: type[KubeObject], name: str, **spec: Any) -> KubeObject:
    return from_wire(kind, {"metadata": {"name": name, "namespace": "default"}, "spec": spec})


def metric(name: str, kind: str = "Deployment") -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": 50}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name},
        "maxReplicas": 3,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


HOPELESS: dict[str, list[KubeObject]] = {
    "a claim of a class that there is not": [
        made(PersistentVolumeClaim, "none", **CLAIM, storageClassName="none"),
        made(
            Pod, "waits", containers=[{"name": "c", "image": "i"}],
            volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "none"}}],
        ),
    ],
    "two Deployments of one selector": [
        made(Deployment, "one", **workload("i:1")),
        made(Deployment, "two", **workload("i:2")),
    ],
    "a metric that is missing": [
        made(Deployment, "one", **workload("i:1")),
        made(HorizontalPodAutoscaler, "one", **metric("one")),
        made(HorizontalPodAutoscaler, "none", **metric("none")),
    ],
    "pods that the quota refuses": [
        made(ResourceQuota, "none", hard={"pods": "0"}),
        made(StatefulSet, "set", **workload("i", serviceName="web")),
        made(Job, "job", template=template("i", restartPolicy="Never")),
    ],
}  # fmt: skip


def looks(plane: ControlPlane) -> Counter[str]:
    found: Counter[str] = Counter()
    for family in plane.plugins.metrics.collect():
        for sample in family.samples:
            if sample.name == "sampan_reconciles_total":
                found[sample.labels["controller"]] += int(sample.value)
    return found


@pytest.mark.parametrize("objects", HOPELESS.values(), ids=list(HOPELESS))
async def test_it_is_looked_at_now_and_then(objects: list[KubeObject], tmp_path: Path) -> None:
    clock = FakeClock()
    async with control_plane(tmp_path, controllers=True, clock=clock) as plane:
        assert plane.engine is not None
        await plane.engine.settled()
        for obj in objects:
            await plane.client.create(obj)
        for _ in range(12):
            clock.advance(5)
            await plane.engine.settled()
        before = looks(plane)
        assert before.total() > len(objects)
        for _ in range(MINUTES * 6):
            clock.advance(10)
            await plane.engine.settled()
        hot = {
            name: count / MINUTES for name, count in (looks(plane) - before).items() if count > MINUTES * MOST_A_MINUTE
        }
        assert hot == {}, "looks a minute"
