"""How a pod's containers are named and labelled on an engine, so that they are found again after any crash."""

from __future__ import annotations

from collections.abc import Mapping

from sampan.core.contracts.runtime import RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import (
    LABEL_ATTEMPT,
    LABEL_CLUSTER,
    LABEL_CONTAINER,
    LABEL_KIND,
    LABEL_NAMESPACE,
    LABEL_NODE,
    LABEL_POD,
    LABEL_UID,
    ContainerConfig,
    SandboxConfig,
)

LABEL_SANDBOX = "sampan.sandbox"
LABEL_SHARE_PID = "sampan.share-process-namespace"
LABEL_HOST_PID = "sampan.host-pid"
LABEL_HOST_IPC = "sampan.host-ipc"

KIND_SANDBOX = "sandbox"
KIND_CONTAINER = "container"
KIND_NETWORK = "network"


def network_name(settings: RuntimeSettings) -> str:
    return f"sampan-{settings.cluster}"


def owner_labels(settings: RuntimeSettings) -> dict[str, str]:
    """What marks everything of this cluster's on this node."""
    return {LABEL_CLUSTER: settings.cluster, LABEL_NODE: settings.node}


def sandbox_name(config: SandboxConfig) -> str:
    return f"k8s_POD_{config.name}_{config.namespace}_{config.uid}_{config.attempt}"


def sandbox_labels(settings: RuntimeSettings, config: SandboxConfig) -> dict[str, str]:
    return {
        **config.labels,
        **owner_labels(settings),
        LABEL_KIND: KIND_SANDBOX,
        LABEL_POD: config.name,
        LABEL_NAMESPACE: config.namespace,
        LABEL_UID: config.uid,
        LABEL_ATTEMPT: str(config.attempt),
        LABEL_SHARE_PID: str(config.share_process_namespace).lower(),
        LABEL_HOST_PID: str(config.host_pid).lower(),
        LABEL_HOST_IPC: str(config.host_ipc).lower(),
    }


def container_name(sandbox: Sandbox, config: ContainerConfig) -> str:
    return f"k8s_{config.name}_{sandbox.name}_{sandbox.namespace}_{sandbox.uid}_{config.attempt}"


def container_labels(settings: RuntimeSettings, sandbox: Sandbox, config: ContainerConfig) -> dict[str, str]:
    return {
        **config.labels,
        **owner_labels(settings),
        LABEL_KIND: KIND_CONTAINER,
        LABEL_POD: sandbox.name,
        LABEL_NAMESPACE: sandbox.namespace,
        LABEL_UID: sandbox.uid,
        LABEL_CONTAINER: config.name,
        LABEL_ATTEMPT: str(config.attempt),
        LABEL_SANDBOX: sandbox.id,
    }


def says(sandbox: Sandbox, label: str) -> bool:
    """Whether a yes-or-no label of a sandbox is set."""
    return sandbox.labels.get(label) == "true"


def filters(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """A label filter in the form that both engines' APIs take."""
    return {"label": [f"{name}={value}" for name, value in labels.items()]}
