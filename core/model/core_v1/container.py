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
    """A port that the container listens on, perhaps also published on the node (``hostPort``)."""

    name: str | None = None
    """A name that services and probes can use for the port, unique in the pod:
    up to 15 lower-case letters, digits and ``-``.
    """
    host_port: int = wire(default=0, format="int32")
    """The port of the node that leads here. With ``hostNetwork`` it must be the same as ``containerPort``;
    most pods need none.
    """
    container_port: int = wire(required=True, emit="always", format="int32")
    """The port in the container, 1 to 65535. A port that is not listed here can be reached as well."""
    protocol: str | None = wire(default=None, api_default="TCP", enum=("SCTP", "TCP", "UDP"))
    """The transport protocol. Defaults to ``TCP``."""
    host_ip: str | None = wire(default=None, name="hostIP")
    """The address of the node that ``hostPort`` is bound to. Defaults to all of them."""


@model
class VolumeMount:
    """Where a volume appears in the container."""

    name: str = wire(required=True, emit="always")
    """The name of a volume of the pod."""
    read_only: bool = False
    """Whether the container can only read the volume. Defaults to false."""
    recursive_read_only: str | None = wire(default=None, keep_zero=True)
    """Whether mounts below the volume are read-only too: ``Disabled``, ``IfPossible`` or ``Enabled``. Needs
    ``readOnly``; defaults to ``Disabled``.
    """
    mount_path: str = wire(required=True, emit="always")
    """The directory (or file) in the container where the volume appears. Must not contain ``:``."""
    sub_path: str | None = None
    """The part of the volume to mount. Defaults to its root.
    Files of a ConfigMap or Secret mounted so are not updated.
    """
    mount_propagation: str | None = wire(
        default=None, keep_zero=True, enum=("Bidirectional", "HostToContainer", "None")
    )
    """Whether later mounts pass from node to container and back. Defaults to ``None``;
    ``Bidirectional`` needs a privileged container.
    """
    sub_path_expr: str | None = None
    """Like ``subPath``, with ``$(NAME)`` for environment variables of the container.
    Only one of the two may be given.
    """


@model
class VolumeDevice:
    """Where a raw block volume appears in the container."""

    name: str = wire(required=True, emit="always")
    """The name of a volume of the pod whose claim has ``volumeMode: Block``."""
    device_path: str = wire(required=True, emit="always")
    """Where the device appears in the container, such as ``/dev/xvda``."""


@model
class ContainerRestartRuleOnExitCodes:
    """Exit codes that a restart rule speaks of."""

    operator: str = wire(required=True, emit="always")
    """``In`` holds for an exit code among ``values``, ``NotIn`` for any other."""
    values: tuple[int, ...] = wire(default=(), format="int32", list_type="set")
    """Exit codes, at least one and at most 255."""


@model
class ContainerRestartRule:
    """What to do when the container exits in some way."""

    action: str = wire(required=True, emit="always")
    """What is done when the rule holds: ``Restart`` starts the container again,
    ``RestartAllContainers`` the whole pod in place.
    """
    exit_codes: ContainerRestartRuleOnExitCodes | None = None
    """The exit codes that the rule is for."""


@model
class Container:
    """One container of a pod."""

    name: str = wire(required=True, emit="always")
    """The container's name, unique in the pod: a lower-case DNS label. Immutable."""
    image: str | None = None
    """The image to run, as ``registry/name:tag`` or by digest. It may be changed while the pod runs:
    the container restarts.
    """
    command: tuple[str, ...] = wire(default=(), list_type="atomic")
    """What is run instead of the image's entrypoint, without a shell.
    ``$(NAME)`` stands for a variable, ``$$(NAME)`` for itself.
    """
    args: tuple[str, ...] = wire(default=(), list_type="atomic")
    """The arguments instead of the image's own (``CMD``).
    ``$(NAME)`` stands for a variable, ``$$(NAME)`` for itself.
    """
    working_dir: str | None = None
    """The directory that the command starts in. Defaults to the image's."""
    ports: tuple[ContainerPort, ...] = keyed("containerPort", "protocol")
    """The ports that the container listens on. Mostly for readers: what is not listed can be reached as well."""
    env_from: tuple[EnvFromSource, ...] = wire(default=(), list_type="atomic")
    """ConfigMaps and Secrets whose keys all become variables. The last one wins, and ``env`` wins over all."""
    env: tuple[EnvVar, ...] = keyed("name")
    """Environment variables. One may use those above it, as ``$(NAME)``."""
    resources: ResourceRequirements = wire(default=ResourceRequirements(), emit="always")
    """How much CPU, memory and so on the container is promised, and how much it may use at most."""
    resize_policy: tuple[ContainerResizePolicy, ...] = wire(default=(), list_type="atomic")
    """Whether a change of a resource restarts the container, for each resource. By default it does not."""
    restart_policy: str | None = wire(default=None, keep_zero=True)
    """When the container restarts, instead of by the pod's policy.
    ``Always`` makes an init container a sidecar that runs on.
    """
    restart_policy_rules: tuple[ContainerRestartRule, ...] = wire(default=(), list_type="atomic")
    """Exceptions from ``restartPolicy`` by exit code; the first that holds decides.
    At most 20, and they need a ``restartPolicy``.
    """
    volume_mounts: tuple[VolumeMount, ...] = keyed("mountPath")
    """The volumes that the container sees, and where."""
    volume_devices: tuple[VolumeDevice, ...] = keyed("devicePath")
    """The raw block devices that the container sees, and where."""
    liveness_probe: Probe | None = None
    """Restarts the container when it fails."""
    readiness_probe: Probe | None = None
    """Takes the pod out of its services' endpoints for as long as it fails."""
    startup_probe: Probe | None = None
    """Holds back the other probes until it has succeeded once. The container restarts if it never does."""
    lifecycle: Lifecycle | None = None
    """What is done right after the container's start and before its stop."""
    termination_message_path: str | None = wire(default=None, api_default="/dev/termination-log")
    """A file whose content becomes the message of the container's end, up to 4096 bytes. Defaults to
    ``/dev/termination-log``.
    """
    termination_message_policy: str | None = wire(
        default=None, api_default="File", enum=("FallbackToLogsOnError", "File")
    )
    """Where that message comes from. ``FallbackToLogsOnError`` takes the log's end where the file is empty and the
    container failed. Defaults to ``File``.
    """
    image_pull_policy: str | None = wire(default=None, enum=("Always", "IfNotPresent", "Never"))
    """When the image is pulled. Defaults to ``Always`` for the tag ``latest`` or none,
    otherwise to ``IfNotPresent``.
    """
    security_context: SecurityContext | None = None
    """The container's own security settings, which win over the pod's."""
    stdin: bool = False
    """Whether standard input is kept open for ``kubectl attach``. Defaults to false:
    reading it gives an end of file at once.
    """
    stdin_once: bool = False
    """Whether standard input is closed for good once the first client has gone. Needs ``stdin``; defaults to false."""
    tty: bool = False
    """Whether the container gets a terminal. Needs ``stdin``; defaults to false."""


@model
class EphemeralContainer(Container):
    """A container that is added to a running pod for debugging."""

    target_container_name: str | None = None
    """The container whose processes this one can see. Left out, it sees only what the pod shares."""
