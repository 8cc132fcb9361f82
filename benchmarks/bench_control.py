"""Create, watch, reconcile and schedule, in process: each against the same number of bare writes to the same store.

``python -m benchmarks.bench_control``: a memory store, so that no disk is measured. The floor of every line is the store
taking as many ready pods as the line makes; a ratio tells how many such writes one operation is worth. A curve:
``--only schedule --pods 10000 --nodes 5000``.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import uvloop

from sampan.cli.garbage import collect_seldom
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.model.apps_v1.replica_set import ReplicaSet
from sampan.core.model.core_v1.affinity import Toleration
from sampan.core.model.core_v1.configuration import ServiceAccount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.node import Node
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta import evolve
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.reconcile.engine import Engine
from sampan.core.schema.codec import from_wire, to_wire
from sampan.core.testing.control_plane import ControlPlane, control_plane
from sampan.core.testing.fake_api import FakeApi
from sampan.plugins.controllers.apps.replica_set import ReplicaSetController
from sampan.plugins.controllers.ownership import controller_reference

PODS = 1000
NODES = 100
WATCHERS = 1000
CHANGES = 50


SILENT = tuple(Toleration(key=f"node.kubernetes.io/{word}", operator="Exists") for word in ("not-ready", "unreachable"))
"""The nodes are objects alone: where a machine takes long, they are taken for lost."""


def pod(name: str, scheduler: str = "nobody") -> Pod:
    spec = PodSpec(
        containers=(Container(name="c", image="i"),),
        scheduler_name=scheduler,
        automount_service_account_token=False,
        tolerations=SILENT,
    )
    return Pod(metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


def node(name: str, *, unschedulable: bool = False) -> Node:
    size = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    labels = {"kubernetes.io/hostname": name}
    status = {"capacity": size, "allocatable": size, "conditions": [ready]}
    return from_wire(
        Node, {"metadata": {"name": name, "labels": labels}, "spec": {"unschedulable": unschedulable}, "status": status}
    )


class Took(float):
    """Seconds by the clock; ``cpu``: of this process's processor time, which other programs change less."""

    cpu: float


async def timed(work: Callable[[], Awaitable[object]]) -> Took:
    started, before = time.perf_counter(), time.process_time()
    await work()
    took = Took(time.perf_counter() - started)
    took.cpu = time.process_time() - before
    return took


async def bare_writes(plane: ControlPlane, prefix: str, count: int) -> float:
    """Seconds that the store takes for ``count`` pods of a usual size under a prefix that nobody watches."""
    body = orjson.dumps({"kind": "Pod", "spec": "x" * 1500})

    async def write() -> None:
        for number in range(count):
            await plane.api.pipeline.store.create(f"/benchmark/{prefix}/{number}", body)

    return await timed(write)


async def create(plane: ControlPlane) -> Took:
    async def work() -> None:
        for number in range(PODS):
            await plane.client.create(pod(f"created-{number}"))

    return await timed(work)


async def fan_out(plane: ControlPlane) -> Took:
    """Changes of one pod, until each of a thousand watchers has seen all of them."""
    made = await plane.client.create(pod("watched"))

    async def follow() -> None:
        async with plane.client.watch(Pod, "default", resource_version=made.metadata.resource_version or "") as events:
            seen = 0
            async for event in events:
                seen += event.type == "MODIFIED"
                if seen == CHANGES:
                    return

    watchers = [asyncio.create_task(follow()) for _ in range(WATCHERS)]

    async def work() -> None:
        for number in range(CHANGES):
            patch = {"metadata": {"annotations": {"change": str(number)}}}
            await plane.client.patch(Pod, "default", "watched", patch=patch, type="merge")
        await asyncio.gather(*watchers)

    return await timed(work)


async def reconcile(plane: ControlPlane) -> Took:
    """A ReplicaSet, until all its pods are there."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": to_wire(pod("any"))["spec"]}
    spec = {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template}
    made = from_wire(ReplicaSet, {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})

    async def work() -> None:
        await plane.client.create(made)
        async with plane.client.watch(ReplicaSet, "default", resource_version="0") as events:
            async for event in events:
                if event.obj.status.replicas == PODS:
                    return

    return await timed(work)


async def roll_out(plane: ControlPlane) -> Took:
    """A Deployment, until all its pods are bound to one of a hundred nodes."""
    for number in range(NODES):
        await plane.client.create(node(f"node-{number}"))
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": to_wire(pod("any", "default-scheduler"))["spec"]}
    spec = {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template}
    made = from_wire(Deployment, {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})

    async def work() -> None:
        await plane.client.create(made)
        await all_bound(plane)

    return await timed(work)


async def schedule(plane: ControlPlane) -> Took:
    """Pods that wait, over a hundred nodes that take none of them until the last of them is there."""
    names = [f"node-{number}" for number in range(NODES)]
    for name in names:
        await plane.client.create(node(name, unschedulable=True))
    for number in range(PODS):
        await plane.client.create(pod(f"waiting-{number}", "default-scheduler"))

    async def work() -> None:
        for name in names:
            await plane.client.patch(Node, "", name, {"spec": {"unschedulable": None}}, type="merge")
        await all_bound(plane)

    return await timed(work)


async def all_bound(plane: ControlPlane) -> None:
    bound: set[str] = set()
    async with plane.client.watch(Pod, "default", resource_version="0") as events:
        async for event in events:
            if event.obj.spec.node_name:
                bound.add(event.obj.metadata.name or "")
            if len(bound) == PODS:
                return


def lines() -> dict[str, tuple[Callable[[ControlPlane], Awaitable[Took]], int, bool]]:
    """Each with how many operations it does, and whether it needs the controllers."""
    return {
        "create": (create, PODS, False),
        f"watch, {WATCHERS} times": (fan_out, CHANGES, False),
        "reconcile": (reconcile, PODS, True),
        "schedule": (schedule, PODS, True),
        "roll out": (roll_out, PODS, True),
    }


async def one_of_many(pods: int) -> float:
    """Microseconds that the controller of a settled ReplicaSet takes for one change of one of its pods."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": to_wire(pod("any"))["spec"]}
    spec = {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}
    status = {"replicas": pods, "fullyLabeledReplicas": pods, "observedGeneration": 1}
    metadata = {"name": "web", "namespace": "default", "uid": "web", "generation": 1}
    owner = from_wire(ReplicaSet, {"metadata": metadata, "spec": spec, "status": status})
    owned = {"labels": labels, "owner_references": (controller_reference(owner),)}
    members = [evolve(each, metadata=evolve(each.metadata, **owned)) for each in map(pod, map(str, range(pods)))]
    api = FakeApi(owner, *members)
    engine = Engine([ReplicaSetController()], lambda _name: api, clock=api.clock)
    await engine.start()
    await engine.settled()

    async def work() -> None:
        for number in range(CHANGES):
            changed = evolve(members[0], metadata=evolve(members[0].metadata, annotations={"change": str(number)}))
            api.put(changed)
            await api.delivered()
            await engine.settled()

    try:
        return await timed(work) / CHANGES * 1e6
    finally:
        await engine.stop()


async def main(only: str) -> None:
    for pods in (10, 1_000, 10_000) if not only else ():
        print(f"one changed pod of {pods:<6} {await one_of_many(pods):8.0f} us", flush=True)
    for name, (measure, count, controllers) in lines().items():
        if only not in ("", name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            async with control_plane(Path(folder), controllers=controllers) as plane:
                account = ServiceAccount(metadata=ObjectMeta(name="default", namespace="default"))
                if plane.engine is None:
                    await plane.client.create(account)
                else:
                    await plane.engine.settled()  # it makes the account
                floor = await bare_writes(plane, name, count)
                took = await measure(plane)
        print(
            f"{name:18} {count / took:8.0f}/s   {took / floor:7.1f} bare writes each   "
            f"{took.cpu / count * 1e6:6.0f} us of CPU each",
            flush=True,
        )


if __name__ == "__main__":
    collect_seldom()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="one line, for a curve: schedule, or roll out")
    parser.add_argument("--pods", type=int, default=PODS)
    parser.add_argument("--nodes", type=int, default=NODES)
    options = parser.parse_args()
    PODS, NODES = options.pods, options.nodes
    uvloop.run(main(options.only))
