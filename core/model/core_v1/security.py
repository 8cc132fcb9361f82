"""Security settings of containers and pods."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class SELinuxOptions:
    """SELinux labels."""

    user: str | None = None
    """The user part of the SELinux label."""
    role: str | None = None
    """The role part of the SELinux label."""
    type: str | None = None
    """The type part of the SELinux label."""
    level: str | None = None
    """The level part of the SELinux label."""


@model
class WindowsSecurityContextOptions:
    """Settings that only Windows nodes use."""

    gmsa_credential_spec_name: str | None = wire(default=None, keep_zero=True)
    """The name of the GMSA credential spec to use."""
    gmsa_credential_spec: str | None = wire(default=None, keep_zero=True)
    """The GMSA credential spec itself, filled in by its webhook from the name."""
    run_as_user_name: str | None = wire(default=None, keep_zero=True)
    """The Windows user that the process runs as. Defaults to the image's."""
    host_process: bool | None = None
    """Whether the container runs on the host itself.
    The same for all containers of a pod, and only with ``hostNetwork``.
    """


@model
class SeccompProfile:
    """Which system calls are allowed."""

    type: str = wire(required=True, emit="always", enum=("Localhost", "RuntimeDefault", "Unconfined"))
    """Where the profile comes from: a file of the node, the runtime's own, or none at all."""
    localhost_profile: str | None = wire(default=None, keep_zero=True)
    """The profile's path below the node agent's folder of seccomp profiles.
    Needed for ``Localhost``, otherwise not allowed.
    """


@model
class AppArmorProfile:
    """Which AppArmor profile confines the container."""

    type: str = wire(required=True, emit="always", enum=("Localhost", "RuntimeDefault", "Unconfined"))
    """Where the profile comes from: one that the node has loaded, the runtime's own, or none at all."""
    localhost_profile: str | None = wire(default=None, keep_zero=True)
    """The name of the loaded profile. Needed for ``Localhost``, otherwise not allowed."""


@model
class Capabilities:
    """Linux capabilities added to and dropped from the runtime's default."""

    add: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Capabilities to give, such as ``NET_ADMIN``, without the prefix ``CAP_``."""
    drop: tuple[str, ...] = wire(default=(), list_type="atomic")
    """Capabilities to take away. ``ALL`` takes all but those of ``add``."""


@model
class SecurityContext:
    """A container's own security settings; they win over the pod's."""

    capabilities: Capabilities | None = None
    """Linux capabilities to give or take. Defaults to the runtime's set."""
    privileged: bool | None = None
    """Whether the container may do what root on the node may. Defaults to false."""
    se_linux_options: SELinuxOptions | None = None
    """The container's SELinux label. Left out, the runtime picks one."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Settings that only Windows nodes use. Not allowed for Linux pods."""
    run_as_user: int | None = wire(default=None, format="int64")
    """The user ID that the process starts with. Defaults to the image's user."""
    run_as_group: int | None = wire(default=None, format="int64")
    """The main group ID that the process starts with. Defaults to what the runtime chooses."""
    run_as_non_root: bool | None = None
    """Whether a container whose user would be root (ID 0) is refused a start. Defaults to false."""
    read_only_root_filesystem: bool | None = None
    """Whether the container can write to its volumes alone. Defaults to false."""
    allow_privilege_escalation: bool | None = None
    """Whether a process may gain more rights than its parent, as by setuid programs. Always so for privileged ones."""
    proc_mount: str | None = wire(default=None, keep_zero=True, enum=("Default", "Unmasked"))
    """Which parts of ``/proc`` are hidden. ``Unmasked`` hides none and needs ``hostUsers: false``.
    Defaults to ``Default``.
    """
    seccomp_profile: SeccompProfile | None = None
    """Which system calls the container may make. Wins over the pod's."""
    app_armor_profile: AppArmorProfile | None = None
    """Which AppArmor profile confines the container. Wins over the pod's."""


@model
class Sysctl:
    """A kernel parameter of the pod's namespaces."""

    name: str = wire(required=True, emit="always")
    """The parameter's name, such as ``net.ipv4.ip_unprivileged_port_start``."""
    value: str = wire(required=True, emit="always")
    """The value to set, as text."""


@model
class PodSecurityContext:
    """Security settings for all containers of a pod, and for its volumes."""

    se_linux_options: SELinuxOptions | None = None
    """The SELinux label of all containers. Left out, the runtime picks one for each."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Settings of all containers that only Windows nodes use. Not allowed for Linux pods."""
    run_as_user: int | None = wire(default=None, format="int64")
    """The user ID that containers start with. Defaults to the image's user."""
    run_as_group: int | None = wire(default=None, format="int64")
    """The main group ID that containers start with. Defaults to what the runtime chooses."""
    run_as_non_root: bool | None = None
    """Whether containers whose user would be root (ID 0) are refused a start. Defaults to false."""
    supplemental_groups: tuple[int, ...] = wire(default=(), format="int64", list_type="atomic")
    """Further group IDs of the containers' first processes."""
    supplemental_groups_policy: str | None = wire(default=None, keep_zero=True, enum=("Merge", "Strict"))
    """Whether groups from the image's ``/etc/group`` are added (``Merge``) or not (``Strict``).
    Defaults to ``Merge``.
    """
    fs_group: int | None = wire(default=None, format="int64")
    """A group ID that volumes and their new files belong to, and all containers too.
    Left out, volumes stay as they are.
    """
    sysctls: tuple[Sysctl, ...] = wire(default=(), list_type="atomic")
    """Kernel parameters of the pod's own namespaces. Unsafe ones must be allowed by the node."""
    fs_group_change_policy: str | None = wire(default=None, keep_zero=True, enum=("Always", "OnRootMismatch"))
    """When the owners of a volume's files are set to ``fsGroup``: at each mount, or only if the root differs.
    Defaults to ``Always``.
    """
    seccomp_profile: SeccompProfile | None = None
    """Which system calls all containers may make."""
    app_armor_profile: AppArmorProfile | None = None
    """Which AppArmor profile confines all containers."""
    se_linux_change_policy: str | None = wire(default=None, keep_zero=True)
    """How volumes get the SELinux label: ``MountOption`` at once, ``Recursive`` file by file. Defaults to
    ``MountOption`` where it can be used.
    """
