"""Every hook that sampan calls, in one file: the first thing that a plugin author reads.

A plugin is a module or an object with functions of these names, marked with `hookimpl`, found through the entry-point
group ``sampan``. All are plain functions; none may block for long (those marked *in a worker thread* may). Each call is
isolated: a plugin that raises is logged by name and counted, and changes nothing for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sampan.core.contracts.controller import Key
    from sampan.core.contracts.plan import Plan
    from sampan.core.contracts.proxy import ServicePort
    from sampan.core.contracts.runtime import Container, ContainerConfig
    from sampan.core.contracts.scheduler import NodeState
    from sampan.core.model.core_v1.pod import Pod
    from sampan.core.registry import Registry

PROJECT: Final = "sampan"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


@hookspec
def sampan_register(registry: Registry) -> None:
    """Name the parts that this plugin brings: ``registry.runtime("docker", factory)`` and so on.

    Called once, before anything is chosen. A plugin that raises here stops the start-up with its name.
    """


@hookspec
def sampan_cluster_starting(cluster: str) -> None:
    """The parts are chosen; nothing runs yet."""


@hookspec
def sampan_cluster_ready(cluster: str, server: str) -> None:
    """The API answers at ``server`` and the node is Ready."""


@hookspec
def sampan_cluster_stopping(cluster: str) -> None:
    """The control plane is about to end; pods may go on."""


@hookspec
def sampan_before_reconcile(controller: str, key: Key) -> None:
    """A controller is about to look at ``key``. On the event loop."""


@hookspec
def sampan_after_reconcile(controller: str, key: Key, plan: Plan, error: Exception | None) -> None:
    """What was decided, and what came of it. On the event loop."""


@hookspec
def sampan_pod_admitted(node: str, pod: Pod) -> None:
    """A node agent has taken a pod on. On the event loop."""


@hookspec
def sampan_container_creating(pod: Pod, container: str, config: ContainerConfig) -> ContainerConfig | None:
    """A container is about to be made: return changed settings, as a Node Resource Interface plugin would, or ``None``.

    Plugins are called one after another, each with what the one before returned. In a worker thread.
    """


@hookspec
def sampan_container_started(pod: Pod, container: str, container_id: str) -> None:
    """In a worker thread."""


@hookspec
def sampan_container_exited(pod: Pod, container: Container) -> None:
    """Seen once per exit. On the event loop."""


@hookspec
def sampan_filter_nodes(pod: Pod, nodes: Sequence[NodeState]) -> Sequence[str] | None:
    """Names of the nodes that ``pod`` may use out of ``nodes`` (which the scheduler found feasible); ``None``: all."""


@hookspec
def sampan_score_nodes(pod: Pod, nodes: Sequence[NodeState]) -> dict[str, float] | None:
    """Points (0 to 100) to add for nodes by name."""


@hookspec
def sampan_services_applying(services: Sequence[ServicePort]) -> None:
    """The proxy is about to be given these. In a worker thread."""
