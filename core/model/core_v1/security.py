"""Security settings of containers and pods."""

from __future__ import annotations

from sampan.core.model.meta import model, wire


@model
class SELinuxOptions:
    """SELinux labels."""

    user: str | None = None
    role: str | None = None
    type: str | None = None
    level: str | None = None


@model
class WindowsSecurityContextOptions:
    """Settings that only Windows nodes use."""

    gmsa_credential_spec_name: str | None = wire(default=None, keep_zero=True)
    gmsa_credential_spec: str | None = wire(default=None, keep_zero=True)
    run_as_user_name: str | None = wire(default=None, keep_zero=True)
    host_process: bool | None = None


@model
class SeccompProfile:
    """Which system calls are allowed."""

    type: str = wire(required=True, emit="always", enum=("Localhost", "RuntimeDefault", "Unconfined"))
    localhost_profile: str | None = wire(default=None, keep_zero=True)


@model
class AppArmorProfile:
    """Which AppArmor profile confines the container."""

    type: str = wire(required=True, emit="always", enum=("Localhost", "RuntimeDefault", "Unconfined"))
    localhost_profile: str | None = wire(default=None, keep_zero=True)


@model
class Capabilities:
    """Linux capabilities added to and dropped from the runtime's default."""

    add: tuple[str, ...] = wire(default=(), list_type="atomic")
    drop: tuple[str, ...] = wire(default=(), list_type="atomic")


@model
class SecurityContext:
    """A container's own security settings; they win over the pod's."""

    capabilities: Capabilities | None = None
    privileged: bool | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsSecurityContextOptions | None = None
    run_as_user: int | None = wire(default=None, format="int64")
    run_as_group: int | None = wire(default=None, format="int64")
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    proc_mount: str | None = wire(default=None, keep_zero=True, enum=("Default", "Unmasked"))
    seccomp_profile: SeccompProfile | None = None
    app_armor_profile: AppArmorProfile | None = None


@model
class Sysctl:
    """A kernel parameter of the pod's namespaces."""

    name: str = wire(required=True, emit="always")
    value: str = wire(required=True, emit="always")


@model
class PodSecurityContext:
    """Security settings for all containers of a pod, and for its volumes."""

    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsSecurityContextOptions | None = None
    run_as_user: int | None = wire(default=None, format="int64")
    run_as_group: int | None = wire(default=None, format="int64")
    run_as_non_root: bool | None = None
    supplemental_groups: tuple[int, ...] = wire(default=(), format="int64", list_type="atomic")
    supplemental_groups_policy: str | None = wire(default=None, keep_zero=True, enum=("Merge", "Strict"))
    fs_group: int | None = wire(default=None, format="int64")
    sysctls: tuple[Sysctl, ...] = wire(default=(), list_type="atomic")
    fs_group_change_policy: str | None = wire(default=None, keep_zero=True, enum=("Always", "OnRootMismatch"))
    seccomp_profile: SeccompProfile | None = None
    app_armor_profile: AppArmorProfile | None = None
    se_linux_change_policy: str | None = wire(default=None, keep_zero=True)
