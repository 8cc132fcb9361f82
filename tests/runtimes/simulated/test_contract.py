"""The runtime contract, on simulated pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.contracts.runtime import Runtime, RuntimeSettings
from sampan.core.testing.runtime_contract import Bench, RuntimeContract
from sampan.runtimes.simulated.runtime import SimulatedRuntime
from sampan.runtimes.simulated.world import World


class TestSimulatedRuntime(RuntimeContract):
    worlds: dict[tuple[str, str], World] = {}  # noqa: RUF012 - what would be the machine, for runtimes made twice

    @classmethod
    def make_runtime(cls, settings: RuntimeSettings) -> Runtime:
        world = cls.worlds.setdefault((settings.cluster, settings.node), World())
        return SimulatedRuntime(settings, world=world)

    @classmethod
    def kill_from_outside(cls, bench: Bench, container_id: str) -> None:
        bench.runtime.stop_container(container_id, 0)

    @classmethod
    def forever(cls) -> Mapping[str, Any]:
        return {"annotations": {"sampan.dev/stop-exit-code": "7"}}

    @classmethod
    def stubborn(cls) -> Mapping[str, Any]:
        return {"annotations": {"sampan.dev/stop-time": "never"}}

    @classmethod
    def exiting(cls, code: int) -> Mapping[str, Any]:
        return {"annotations": {"sampan.dev/exit-code": str(code)}}

    def test_a_pod_that_refuses_root_can_be_played(self, bench: Bench) -> None:
        image = bench.runtime.image("quay.io/harbour/pilot:v3")
        assert image is not None
        assert int(image.user) > 0
