"""Hooks: what happens in the cluster is written to a file. They run in threads of their own, so they may block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from sampan.plugin import NodeState, Pod, Registry, hookimpl


@attrs.frozen
class Settings:
    """``plugins.ferry.settings`` of the configuration file."""

    file: str = "/tmp/ferry.log"


class Ferry:
    """A plugin may be an object too, and then keep what it needs."""

    def __init__(self) -> None:
        self.settings = Settings()

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        self.settings = registry.settings(Settings)

    @hookimpl
    def sampan_pod_admitted(self, node: str, pod: Pod) -> None:
        with Path(self.settings.file).open("a") as log:
            log.write(f"{pod.metadata.namespace}/{pod.metadata.name} on {node}\n")

    @hookimpl
    def sampan_filter_nodes(self, pod: Pod, nodes: Sequence[NodeState]) -> list[str] | None:
        """Names of the nodes that the pod may use; ``None``: all of them."""
        return None


plugin = Ferry()
sampan_register = plugin.sampan_register
sampan_pod_admitted = plugin.sampan_pod_admitted
sampan_filter_nodes = plugin.sampan_filter_nodes
