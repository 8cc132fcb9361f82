"""What an engine's inspect answer says, as the contract's data. Docker's and Podman's have the same shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.runtime import (
    LABEL_ATTEMPT,
    LABEL_CONTAINER,
    LABEL_NAMESPACE,
    LABEL_POD,
    LABEL_UID,
    Container,
    Image,
    Sandbox,
    State,
)
from sampan.runtimes.engine.names import LABEL_SANDBOX

_STATES: Mapping[str, State] = {
    "created": "created",
    "configured": "created",
    "initialized": "created",
    "running": "running",
    "paused": "running",
    "restarting": "running",
    "stopping": "running",
    "removing": "exited",
    "exited": "exited",
    "stopped": "exited",
    "dead": "exited",
}
_FRACTION = re.compile(r"\.(\d+)")
SIGNALLED = 128


def engine_time(text: str | None) -> datetime | None:
    """An engine's time (nanoseconds, any zone); ``None`` for Go's zero time."""
    if not text or text.startswith("0001-"):
        return None
    text = _FRACTION.sub(lambda fraction: "." + fraction[1][:6].ljust(6, "0"), text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def container_of(inspected: Mapping[str, Any]) -> Container:
    """One of our containers."""
    state = inspected["State"]
    labels = inspected["Config"].get("Labels") or {}
    status = _STATES.get(state["Status"].lower(), "unknown")
    ended = status == "exited"
    code = state.get("ExitCode") if ended else None
    return Container(
        id=inspected["Id"],
        sandbox_id=labels.get(LABEL_SANDBOX, ""),
        name=labels.get(LABEL_CONTAINER, ""),
        attempt=int(labels.get(LABEL_ATTEMPT, "0")),
        state=status,
        image=inspected.get("ImageName") or inspected["Config"]["Image"],
        image_id=prefixed(inspected["Image"]),
        created_at=created_at(inspected),
        started_at=engine_time(state.get("StartedAt")),
        finished_at=engine_time(state.get("FinishedAt")) if ended else None,
        exit_code=code,
        signal=code - SIGNALLED if code is not None and code > SIGNALLED else None,
        reason="OOMKilled" if ended and state.get("OOMKilled") else "",
        message=state.get("Error") or "",
        labels=labels,
    )


def sandbox_of(inspected: Mapping[str, Any], *, network: str, sandbox_id: str = "") -> Sandbox:
    """One of our sandboxes, from the container that holds its namespaces. ``ip`` is that on ``network``."""
    labels = inspected["Config"].get("Labels") or {}
    networks = inspected["NetworkSettings"].get("Networks") or {}
    return Sandbox(
        id=sandbox_id or inspected["Id"],
        name=labels.get(LABEL_POD, ""),
        namespace=labels.get(LABEL_NAMESPACE, ""),
        uid=labels.get(LABEL_UID, ""),
        attempt=int(labels.get(LABEL_ATTEMPT, "0")),
        state=_STATES.get(inspected["State"]["Status"].lower(), "unknown"),
        created_at=created_at(inspected),
        ip=(networks.get(network) or {}).get("IPAddress") or "",
        labels=labels,
    )


def image_of(inspected: Mapping[str, Any]) -> Image:
    config = inspected.get("Config") or {}
    return Image(
        id=prefixed(inspected["Id"]),
        tags=tuple(inspected.get("RepoTags") or ()),
        digests=tuple(inspected.get("RepoDigests") or ()),
        size=inspected.get("Size") or 0,
        user=config.get("User") or "",
    )


def created_at(inspected: Mapping[str, Any]) -> datetime:
    return engine_time(inspected.get("Created")) or datetime.fromtimestamp(0, UTC)


def prefixed(digest: str) -> str:
    """Podman leaves out what Docker writes."""
    return digest if digest.startswith("sha256:") else f"sha256:{digest}"
