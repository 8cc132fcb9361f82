"""Calls to a node whose agent runs in another process, as messages. Plain data and their JSON; both ends use it.

The agent keeps a few connections (WebSockets) open to the API server, on which it waits to be called; so nothing has to
reach the node, and its own certificate says who it is. A connection carries one call. The API server's first message is the
call; the answer is a ``Status`` where it fails, else a value. A stream follows as messages of bytes: what goes to the node
is input; what comes from it begins with a byte that says which stream it is of, until ``{"end": true}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
import orjson

from sampan.core.contracts.runtime import LogOptions
from sampan.core.contracts.streams import ContainerUsage, NodeUsage, PodRef, PodUsage

FOLDER: Final = "/sampan/v1/nodes/"
"""A node waits at its name below it."""
STREAMS: Final = {"stdout": b"\x01", "stderr": b"\x02"}
NAMES: Final = {1: "stdout", 2: "stderr"}
LONGEST: Final = 1024 * 1024
"""Bytes of one message."""
PIECE: Final = 64 * 1024
Message = Mapping[str, Any]


def place_of(node: str) -> str:
    """The path at which a node waits."""
    return f"{FOLDER}{node}"


def encode(message: Message) -> str:
    return orjson.dumps(message).decode()


def decode(text: str) -> Message:
    """Raises `ValueError` for what is no object."""
    value = orjson.loads(text)
    if not isinstance(value, dict):
        raise ValueError("a message is a JSON object")
    return value


def pod_to_wire(pod: PodRef) -> Message:
    return attrs.asdict(pod)


def pod_from_wire(value: Message) -> PodRef:
    return PodRef(namespace=str(value["namespace"]), name=str(value["name"]), uid=str(value["uid"]))


def options_to_wire(options: LogOptions) -> Message:
    return attrs.asdict(options)


def options_from_wire(value: Message) -> LogOptions:
    since = value["since"]
    return LogOptions(**{**value, "since": datetime.fromisoformat(since) if since else None})


def usage_to_wire(usage: NodeUsage) -> Message:
    return attrs.asdict(usage)


def usage_from_wire(value: Message) -> NodeUsage:
    """Raises `KeyError`, `TypeError` or `ValueError` for what is none."""
    pods = tuple(_pod_usage(each) for each in value["pods"])
    return NodeUsage(**{**value, "at": datetime.fromisoformat(value["at"]), "pods": pods})


def _pod_usage(value: Message) -> PodUsage:
    containers = tuple(
        ContainerUsage(**{**each, "started_at": datetime.fromisoformat(each["started_at"])})
        for each in value["containers"]
    )
    at = datetime.fromisoformat(value["at"])
    return PodUsage(**{**value, "pod": pod_from_wire(value["pod"]), "containers": containers, "at": at})
