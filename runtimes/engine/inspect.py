"""What an engine's inspect answer says, as the contract's data. Docker's and Podman's have the same shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sampan.core.contracts.runtime import Container, Image, Sandbox, State
from sampan.core.contracts.runtime_config import LABEL_ATTEMPT, LABEL_CONTAINER, LABEL_NAMESPACE, LABEL_POD, LABEL_UID
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
        exit_code=state.get("ExitCode") if ended else None,
        reason="OOMKilled" if ended and state.get("OOMKilled") else "",
        message=state.get("Error") or "",
        labels=labels,
    )


def sandbox_of(inspected: Mapping[str, Any], *, network: str) -> Sandbox:
    """One of our sandboxes, from the container that holds its namespaces. ``ips`` are those on ``network``.

    The sandbox is the Podman pod that the container belongs to, or the container itself.
    """
    return _sandbox(
        inspected.get("Pod") or inspected["Id"],
        inspected["Config"].get("Labels") or {},
        inspected["State"]["Status"],
        created_at(inspected),
        addresses(inspected, network),
    )


def listed_sandbox(entry: Mapping[str, Any], *, network: str) -> Sandbox:
    """The same from an entry of Docker's list of containers, which says all that matters: no second request is needed."""
    created = datetime.fromtimestamp(entry["Created"], UTC)
    return _sandbox(entry["Id"], entry.get("Labels") or {}, entry["State"], created, addresses(entry, network))


def addresses(described: Mapping[str, Any], network: str) -> tuple[str, ...]:
    """A container's addresses on ``network``, from an inspect answer or a list's entry; the one of IPv4 first."""
    networks = described["NetworkSettings"].get("Networks") or {}
    there = networks.get(network) or {}
    return tuple(str(there[word]) for word in ("IPAddress", "GlobalIPv6Address") if there.get(word))


def _sandbox(
    sandbox_id: str, labels: Mapping[str, str], status: str, created: datetime, ips: tuple[str, ...]
) -> Sandbox:
    return Sandbox(
        id=sandbox_id,
        name=labels.get(LABEL_POD, ""),
        namespace=labels.get(LABEL_NAMESPACE, ""),
        uid=labels.get(LABEL_UID, ""),
        attempt=int(labels.get(LABEL_ATTEMPT, "0")),
        state=_STATES.get(status.lower(), "unknown"),
        created_at=created.replace(microsecond=0),  # as exact as Docker's list tells it
        ips=ips,
        labels=labels,
    )


def image_of(described: Mapping[str, Any]) -> Image:
    """An image from an inspect answer, or from an entry of the engine's list (which does not tell the user)."""
    config = described.get("Config") or {}
    return Image(
        id=prefixed(described["Id"]),
        tags=_named(described.get("RepoTags")),
        digests=_named(described.get("RepoDigests")),
        size=described.get("Size") or 0,
        user=config.get("User") or described.get("User") or "",
    )


def _named(names: list[str] | None) -> tuple[str, ...]:
    """Without Docker's ``<none>:<none>`` for what has lost its name."""
    return tuple(name for name in names or () if not name.startswith("<none>"))


def created_at(inspected: Mapping[str, Any]) -> datetime:
    return engine_time(inspected.get("Created")) or datetime.fromtimestamp(0, UTC)


def prefixed(digest: str) -> str:
    """Podman leaves out what Docker writes."""
    return digest if digest.startswith("sha256:") else f"sha256:{digest}"
