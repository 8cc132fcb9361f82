"""ComponentStatuses tell of the control plane's parts what is so at that moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sampan.core.errors import MethodNotAllowed, ServiceUnavailable
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio

PATH = "/api/v1/componentstatuses"
HEALTHY = [{"type": "Healthy", "status": "True", "message": "ok"}]


async def conditions(plane: ControlPlane) -> dict[str, list[dict[str, Any]]]:
    found = await plane.http_client().request("GET", PATH)
    return {each["metadata"]["name"]: each["conditions"] for each in found["items"]}


async def test_all_parts_of_a_control_plane_are_well(tmp_path: Path) -> None:
    async with control_plane(tmp_path, controllers=True) as plane:
        assert await conditions(plane) == dict.fromkeys(("controller-manager", "etcd-0", "scheduler"), HEALTHY)
        one = await plane.http_client().request("GET", f"{PATH}/etcd-0")
        assert (one["kind"], one["conditions"]) == ("ComponentStatus", HEALTHY)
        with pytest.raises(MethodNotAllowed):
            await plane.http_client().request("DELETE", f"{PATH}/etcd-0")


async def test_a_part_that_does_not_run_or_has_ended_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with control_plane(tmp_path) as plane:
        (scheduler,) = (await conditions(plane))["scheduler"]
        assert scheduler == {"type": "Healthy", "status": "False", "error": "it is not running"}

    async def gone() -> int:
        raise ServiceUnavailable("the store does not answer")

    async with control_plane(tmp_path, controllers=True) as plane:
        assert plane.engine is not None
        for worker, controller in plane.engine._workers.items():
            if controller == "replicaset-controller":
                worker.cancel()
        monkeypatch.setattr(plane.api.pipeline.store, "revision", gone)
        found = await conditions(plane)
    assert found["scheduler"] == HEALTHY
    assert found["controller-manager"][0]["error"] == "no longer at work: replicaset-controller"
    assert found["etcd-0"][0] == {"type": "Healthy", "status": "False", "error": "the store does not answer"}
