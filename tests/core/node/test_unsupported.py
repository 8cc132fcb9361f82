"""What a pod asks for and its runtime cannot give is told of the pod, once: nobody is left to find out by himself."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.resources import ResourceRequirements
from sampan.core.model.meta import Quantity
from sampan.runtimes.simulated.runtime import SimulatedRuntime

pytestmark = pytest.mark.anyio

Bench = Any


async def test_each_field_that_is_not_honoured_is_an_event(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    can = attrs.evolve(
        bench.runtime.capabilities(),
        resource_limits=False,
        keeps_stdin=False,
        unsupported_fields=("spec.hostUsers=false", "spec.hostPID"),
    )
    monkeypatch.setattr(SimulatedRuntime, "capabilities", lambda _runtime: can)
    await bench.restart_agent()
    amounts = {"memory": Quantity("64Mi")}
    resources = ResourceRequirements(requests=amounts, limits=amounts)
    bench.put("web", Container(name="main", image="x", stdin=True, resources=resources), host_users=False)
    await bench.becomes("Running: main running 0 ready")
    await bench.restart_agent()
    assert sorted(bench.events("UnsupportedField")) == [
        ("UnsupportedField", f"{field} is not honoured by the runtime simulated")
        for field in (
            "spec.containers[main].resources.limits.memory",
            "spec.containers[main].stdinOnce=false",
            "spec.hostUsers=false",
        )
    ]
