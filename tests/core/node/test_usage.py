"""What the node's agent measures of its pods, and the kubelet's pages that tell of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sampan.core.contracts.streams import PodUsage
from sampan.core.model.core_v1.container import Container
from sampan.core.node.usage import machine_usage

pytestmark = pytest.mark.anyio

Bench = Any


async def running(bench: Bench) -> None:
    words = {"cpu": "250m", "memory": "64Mi", "side.sampan.dev/memory": "1Mi"}
    bench.put("web", Container(name="main", image="x"), Container(name="side", image="y"), words=words)
    await bench.becomes("Running: main running 0 ready, side running 0 ready")


async def measured(bench: Bench) -> PodUsage:
    pod: PodUsage
    (pod,) = (await bench.agent.streams.usage()).pods
    return pod


async def test_rates_are_those_between_two_looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.core.node.usage.FRESH", -1)
    await running(bench)
    bench.time.advance(4)
    first = await measured(bench)
    assert [(each.name, each.cpu_nanocores, each.memory_bytes) for each in first.containers] == [
        ("main", 250_000_000, 64 << 20),
        ("side", 250_000_000, 1 << 20),
    ]
    bench.time.advance(10)
    second = await measured(bench)
    assert [each.cpu_nanocores for each in second.containers] == [250_000_000] * 2
    assert (second.window, second.pod.name) == (10, "web")


async def test_a_container_that_does_not_run_uses_nothing(bench: Bench) -> None:
    bench.put(words={"run-time": "1"}, restart_policy="Never")
    await bench.becomes("Running: main running 0 ready")
    await bench.pass_time(1)
    await bench.becomes("Succeeded: main Completed 0 0")
    assert (await bench.agent.streams.usage()).pods == ()


async def page(bench: Bench, path: str, **query: str) -> tuple[int, bytes]:
    found = await bench.agent.streams.page("GET", path, query)
    return found.status, found.body


async def test_the_kubelets_pages(bench: Bench) -> None:
    await running(bench)
    assert await page(bench, "/healthz") == (200, b"ok")
    pods = orjson.loads((await page(bench, "/pods/"))[1])
    assert [(each["metadata"]["name"], each["status"]["phase"]) for each in pods["items"]] == [("web", "Running")]
    assert len(orjson.loads((await page(bench, "/runningpods"))[1])["items"]) == 1
    summary = orjson.loads((await page(bench, "/stats/summary"))[1])
    assert summary["node"]["nodeName"] == "n1"
    assert [each["podRef"]["name"] for each in summary["pods"]] == ["web"]
    assert summary["pods"][0]["memory"]["workingSetBytes"] == 65 << 20
    text = (await page(bench, "/metrics/resource"))[1].decode()
    assert 'container_memory_working_set_bytes{container="side",namespace="default",pod="web"} 1048576\n' in text
    assert orjson.loads((await page(bench, "/configz"))[1])["kubeletconfig"]["kind"] == "KubeletConfiguration"
    assert (await page(bench, "/containerLogs/default/web/main"))[0] == 200
    assert (await page(bench, "/containerLogs/default/none/main"))[0] == 404
    assert (await page(bench, "/secrets"))[0] == 404
    assert (await bench.agent.streams.page("POST", "/pods", {})).status == 405


async def test_the_machine_itself_is_measured(bench: Bench) -> None:
    busy, memory = machine_usage()
    assert busy > 0
    assert memory > 0
