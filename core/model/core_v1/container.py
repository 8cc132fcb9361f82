"""Containers as a pod declares them."""

from __future__ import annotations

from sampan.core.model.core_v1.environment import EnvFromSource, EnvVar
from sampan.core.model.core_v1.probe import Lifecycle, Probe
from sampan.core.model.core_v1.resources import ContainerResizePolicy, ResourceRequirements
from sampan.core.model.core_v1.security import SecurityContext
from sampan.core.model.lists import keyed
from sampan.core.model.meta import model, wire


@model
class ContainerPort:
    """A port that the container listens on, perhaps also published on the node (``host_port``)."""

    name: str | None = None
    host_port: int = wire(default=0, format="int32")
    container_port: int = wire(required=True, emit="always", format="int32")
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    host_ip: str | None = wire(default=None, name="hostIP")


@model
class VolumeMount:
    """Where a volume appears in the container."""

    name: str = wire(required=True, emit="always")
    read_only: bool = False
    recursive_read_only: str | None = wire(default=None, keep_zero=True)
    mount_path: str = wire(required=True, emit="always")
    sub_path: str | None = None
    mount_propagation: str | None = wire(
        default=None, keep_zero=True, enum=("Bidirectional", "HostToContainer", "None")
    )
    sub_path_expr: str | None = None


@model
class VolumeDevice:
    """Where a raw block volume appears in the container."""

    name: str = wire(required=True, emit="always")
    device_path: str = wire(required=True, emit="always")


@model
class ContainerRestartRuleOnExitCodes:
    """Exit codes that a restart rule speaks of."""

    operator: str = wire(required=True, emit="always")
    values: tuple[int, ...] = wire(default=(), format="int32", list_type="set")


@model
class ContainerRestartRule:
    """What to do when the container exits in some way."""

    action: str = wire(required=True, emit="always")
    exit_codes: ContainerRestartRuleOnExitCodes | None = None


@model
class Container:
    """One container of a pod."""

    name: str = wire(required=True, emit="always")
    image: str | None = None
    command: tuple[str, ...] = wire(default=(), list_type="atomic")
    args: tuple[str, ...] = wire(default=(), list_type="atomic")
    working_dir: str | None = None
    ports: tuple[ContainerPort, ...] = keyed("containerPort", "protocol")
    env_from: tuple[EnvFromSource, ...] = wire(default=(), list_type="atomic")
    env: tuple[EnvVar, ...] = keyed("name")
    resources: ResourceRequirements = wire(default=ResourceRequirements(), emit="always")
    resize_policy: tuple[ContainerResizePolicy, ...] = wire(default=(), list_type="atomic")
    restart_policy: str | None = wire(default=None, keep_zero=True)
    restart_policy_rules: tuple[ContainerRestartRule, ...] = wire(default=(), list_type="atomic")
    volume_mounts: tuple[VolumeMount, ...] = keyed("mountPath")
    volume_devices: tuple[VolumeDevice, ...] = keyed("devicePath")
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    termination_message_path: str | None = wire(default=None, api_default="/dev/termination-log")
    termination_message_policy: str | None = wire(
        default=None, api_default="File", enum=("FallbackToLogsOnError", "File")
    )
    image_pull_policy: str | None = wire(default=None, enum=("Always", "IfNotPresent", "Never"))
    security_context: SecurityContext | None = None
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False


@model
class EphemeralContainer(Container):
    """A container that is added to a running pod for debugging."""

    target_container_name: str | None = None
