"""Every hook that sampan calls, in one file: the first thing that a plugin author reads.

A plugin is a module or an object with functions of these names, marked with `hookimpl`, found through the entry-point
group ``sampan``. All are plain functions that take any of the arguments named here; pluggy decides the order in which
plugins are asked (``tryfirst``, ``trylast``; ``wrapper`` around all of them). All but `sampan_register` run in threads of
the plugins' own, so they may block. There are three sorts:

- **told**: nobody waits. Notices come in the order in which things happened, a moment after they did.
- **waited for**: what is about to happen waits until every plugin has returned, for 30 s at most.
- **asked**: the answer counts. Nodes are asked about with the next pod in hand, so for 5 s at most.

Each call is isolated. A plugin that raises, or returns what the hook may not, counts as having said nothing; one that has
not come back in time is left out until it does. Both are named once a minute, in the log, in ``sampan_hook_failures``, by
`sampan status` and in an event; so is a plugin that is slow. Arguments cannot be changed in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sampan.core.contracts.controller import Key
    from sampan.core.contracts.plan import Plan
    from sampan.core.contracts.proxy import ServicePort
    from sampan.core.contracts.runtime import Container
    from sampan.core.contracts.runtime_config import ContainerConfig
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
    """Nothing runs yet. Waited for."""


@hookspec
def sampan_cluster_ready(cluster: str, server: str) -> None:
    """The API answers at ``server`` and the node is Ready. Waited for."""


@hookspec
def sampan_cluster_stopping(cluster: str) -> None:
    """The control plane is about to end; pods may go on. Waited for."""


@hookspec
def sampan_audit(event: Mapping[str, Any]) -> None:
    """An ``audit.k8s.io/v1`` Event that the audit policy asks for (``sampan up --audit-policy-file``). Told.

    A plain dict, all plugins get the same one: leave it as it is.
    """


@hookspec
def sampan_before_reconcile(controller: str, key: Key) -> None:
    """A controller looks at ``key``. Told."""


@hookspec
def sampan_after_reconcile(controller: str, key: Key, plan: Plan, error: Exception | None) -> None:
    """What was decided, and what came of it. Told."""


@hookspec
def sampan_pod_admitted(node: str, pod: Pod) -> None:
    """A node agent has taken a pod on. Told."""


@hookspec
def sampan_container_creating(pod: Pod, container: str, config: ContainerConfig) -> ContainerConfig | None:
    """A container is about to be made: return changed settings, as a Node Resource Interface plugin would, or ``None``.

    Plugins are called one after another, each with what the one before returned. Name, attempt and sampan's own labels
    stay as they are. Asked, for 30 s at most; the container waits.
    """


@hookspec
def sampan_container_started(pod: Pod, container: str, container_id: str) -> None:
    """A container runs. Told."""


@hookspec
def sampan_container_exited(pod: Pod, container: Container) -> None:
    """Seen once per exit. Told."""


@hookspec
def sampan_filter_nodes(pod: Pod, nodes: Sequence[NodeState]) -> Sequence[str] | None:
    """Names of the nodes that ``pod`` may use, out of all that the scheduler found feasible; ``None``: all of them.

    Asked. A node is taken only if every plugin names it.
    """


@hookspec
def sampan_score_nodes(pod: Pod, nodes: Sequence[NodeState]) -> dict[str, float] | None:
    """Points (0 to 100) to add for nodes by name, out of all feasible ones. Asked, where there is more than one."""


@hookspec
def sampan_services_applying(services: Sequence[ServicePort]) -> None:
    """The proxy is given these. Told."""
