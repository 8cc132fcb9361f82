"""A kopf operator of boats, run by `test_kopf` in a process of its own: what it has done stands in the objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kopf


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False


@kopf.on.create("example.com", "v1", "boats")
def build(spec: Mapping[str, Any], patch: kopf.Patch, **_: Any) -> dict[str, Any]:
    patch.status["masts"] = spec["masts"]
    return {"built": True}


@kopf.on.update("example.com", "v1", "boats", field="spec.masts")
def rig(old: Any, new: Any, patch: kopf.Patch, **_: Any) -> None:
    patch.status["masts"] = new
    patch.status["before"] = old


@kopf.on.resume("example.com", "v1", "boats")
def resume(status: Mapping[str, Any], patch: kopf.Patch, **_: Any) -> None:
    patch.status["resumed"] = status.get("resumed", 0) + 1


@kopf.on.delete("example.com", "v1", "boats")
def sink(meta: Mapping[str, Any], spec: Mapping[str, Any], **_: Any) -> None:
    """Blocks the end until the spec allows it."""
    if spec.get("moored"):
        raise kopf.TemporaryError("it is moored", delay=0.2)


@kopf.timer("example.com", "v1", "boats", interval=0.2)
def sail(status: Mapping[str, Any], patch: kopf.Patch, **_: Any) -> None:
    if status.get("miles", 0) < 3:
        patch.status["miles"] = status.get("miles", 0) + 1
