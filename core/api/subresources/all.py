"""Every subresource that this server knows, by name."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.api.handlers import Handlers
from sampan.core.api.subresources.contract import Subresource
from sampan.core.api.subresources.status import WRITE, Part
from sampan.core.contracts.streams import NodeDirectory


def make_subresources(handlers: Handlers, nodes: NodeDirectory) -> Mapping[str, Subresource]:
    return {
        "status": Part("status", handlers),
        "finalize": Part("finalize", handlers, WRITE),
        "ephemeralcontainers": Part("ephemeralcontainers", handlers),
        "resize": Part("resize", handlers),
    }
