"""Stories of pods of the node's own, which the API only mirrors."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import PodRef
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.node.identity import MIRROR, node_uid

pytestmark = pytest.mark.anyio

Bench = Any


class TestStaticPod:
    """A pod of the node's own, which the API only mirrors."""

    async def running(self, bench: Bench) -> tuple[Pod, set[str]]:
        """Its mirror pod, and what the node is to run."""
        await bench.agent.stop()
        wanted: set[str] = set()
        bench.agent = bench.make_agent(static_uids=lambda: wanted)
        await bench.agent.start()
        pod = Pod(metadata=ObjectMeta(name="web", namespace="default", annotations={MIRROR: "hash"}))
        wanted.add(node_uid(pod))
        return bench.put(words={MIRROR: "hash"}), wanted

    async def test_it_outlives_its_mirror_pod(self, bench: Bench) -> None:
        mirror, _ = await self.running(bench)
        await bench.becomes("Running: main running 0 ready")
        before = set(bench.world.containers)
        await bench.api.delete(Pod, "default", "web")
        await bench.agent.settled()
        bench.api.remove(Pod, "default", "web")
        again = bench.put(words={MIRROR: "hash"})
        await bench.becomes("Running: main running 0 ready")
        assert again.metadata.uid != mirror.metadata.uid
        assert (set(bench.world.containers), bench.events("Killing")) == (before, [])
        mirrored = PodRef(namespace="default", name=again.metadata.name or "", uid=again.metadata.uid or "")
        lines = await bench.agent.streams.logs(mirrored, "main", LogOptions())
        assert [line async for line in lines] == []

    async def test_it_ends_with_its_manifest(self, bench: Bench) -> None:
        _, wanted = await self.running(bench)
        await bench.becomes("Running: main running 0 ready")
        wanted.clear()
        await bench.api.delete(Pod, "default", "web")
        await bench.until(lambda: not bench.api.all(Pod) and not bench.world.containers)

    async def test_a_manifest_that_goes_while_there_is_no_mirror_pod_is_found_out(self, bench: Bench) -> None:
        _, wanted = await self.running(bench)
        await bench.becomes("Running: main running 0 ready")
        bench.api.remove(Pod, "default", "web")
        await bench.api.delivered()
        wanted.clear()
        await bench.pass_time(60)
        await bench.until(lambda: not bench.world.containers)

    async def test_it_is_adopted_before_its_mirror_pod_is_made(self, bench: Bench) -> None:
        _, wanted = await self.running(bench)
        await bench.becomes("Running: main running 0 ready")
        before = set(bench.world.containers)
        await bench.agent.settled()
        await bench.agent.stop()
        bench.api.remove(Pod, "default", "web")
        bench.agent = bench.make_agent(static_uids=lambda: wanted)
        await bench.agent.start()
        await bench.agent.settled()
        bench.put(words={MIRROR: "hash"})
        await bench.becomes("Running: main running 0 ready")
        assert set(bench.world.containers) == before
