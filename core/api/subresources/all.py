"""Every subresource that this server knows, by name."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.api.handlers import Handlers
from sampan.core.api.subresources.binding import BindingSubresource
from sampan.core.api.subresources.contract import Subresource
from sampan.core.api.subresources.eviction import EvictionSubresource
from sampan.core.api.subresources.log import LogSubresource
from sampan.core.api.subresources.port_forward import PortForward
from sampan.core.api.subresources.proxy import ProxySubresource
from sampan.core.api.subresources.scale import ScaleSubresource
from sampan.core.api.subresources.status import WRITE, Part
from sampan.core.api.subresources.terminal import Terminal
from sampan.core.api.subresources.token import TokenSubresource
from sampan.core.contracts.streams import NodeDirectory


def make_subresources(handlers: Handlers, nodes: NodeDirectory) -> Mapping[str, Subresource]:
    """Which kinds have which is said by the kinds' own descriptions."""
    pipeline = handlers.pipeline
    return {
        "approval": Part("approval", handlers),
        "attach": Terminal("attach", pipeline, nodes),
        "binding": BindingSubresource(pipeline),
        "ephemeralcontainers": Part("ephemeralcontainers", handlers),
        "eviction": EvictionSubresource(pipeline),
        "exec": Terminal("exec", pipeline, nodes),
        "finalize": Part("finalize", handlers, WRITE),
        "log": LogSubresource(pipeline, nodes),
        "portforward": PortForward(pipeline, nodes),
        "resize": Part("resize", handlers),
        "proxy": ProxySubresource(pipeline, nodes),
        "scale": ScaleSubresource(pipeline),
        "token": TokenSubresource(pipeline),
        "status": Part("status", handlers),
    }
