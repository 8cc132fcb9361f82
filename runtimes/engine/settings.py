"""A container's settings in the words that Docker's create call takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from posixpath import normpath
from typing import Any

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, PortMapping, Resources, SandboxConfig, Security
from sampan.core.host.capabilities import may_protect_from_oom

UNHONOURED = (
    "spec.hostUsers=false",
    "spec.securityContext.supplementalGroupsPolicy=Strict",
    "spec.containers[].volumeDevices",
    "spec.containers[].resources.claims",
)
"""What an engine has no word for, in pods whose containers share namespaces."""

CPU_PERIOD_MICROS = 100_000
SANDBOX_OOM_SCORE = -998
LOG_OPTIONS = {"max-size": "10m", "max-file": "2"}
PROPAGATION = {"None": "rprivate", "HostToContainer": "rslave", "Bidirectional": "rshared"}


def mount_of(mount: Mount) -> dict[str, Any]:
    """Without a wish for propagation it is left to Docker: private, but for a folder that holds Docker's own data, such as
    the host's root, where Docker insists that mounts are seen to go."""
    wished = {} if mount.propagation == "None" else {"BindOptions": {"Propagation": PROPAGATION[mount.propagation]}}
    return {
        "Type": "bind",
        "Source": mount.host_path,
        "Target": normpath(mount.container_path),
        "ReadOnly": mount.read_only,
        **wished,
    }


def port_bindings(ports: tuple[PortMapping, ...]) -> dict[str, list[dict[str, str]]]:
    """``{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}``"""
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        key = f"{port.container_port}/{port.protocol.lower()}"
        bindings.setdefault(key, []).append({"HostIp": port.host_ip, "HostPort": str(port.host_port)})
    return bindings


def user_of(security: Security, image_user: str) -> str:
    """``USER``, ``USER:GID``; empty leaves it to the image, whose own ``user[:group]`` is ``image_user``.

    A group of the pod's own changes the group alone: who the image's process is stays what the image says.
    """
    if security.run_as_user is None and security.run_as_group is None:
        return ""
    user = image_user.partition(":")[0] or "0" if security.run_as_user is None else str(security.run_as_user)
    return user if security.run_as_group is None else f"{user}:{security.run_as_group}"


def oom_score(wanted: int) -> int:
    """What may be set here: a machine that withholds CAP_SYS_RESOURCE refuses to start what asks for less than 0."""
    return wanted if wanted >= 0 or may_protect_from_oom() else 0


def sandbox_host_config(config: SandboxConfig, network: str) -> dict[str, Any]:
    return {
        "NetworkMode": "host" if config.host_network else network,
        "IpcMode": "host" if config.host_ipc else "shareable",
        "PidMode": "host" if config.host_pid else "",
        "Dns": list(config.dns_servers),
        "DnsSearch": list(config.dns_searches),
        "DnsOptions": list(config.dns_options),
        "PortBindings": {} if config.host_network else port_bindings(config.ports),
        "Sysctls": dict(config.sysctls),
        "OomScoreAdj": oom_score(SANDBOX_OOM_SCORE),
        "LogConfig": {"Type": "none", "Config": {}},
    }


def limits_body(resources: Resources) -> dict[str, int]:
    return {
        "CpuShares": resources.cpu_shares,
        "CpuPeriod": CPU_PERIOD_MICROS if resources.cpu_quota_micros else 0,
        "CpuQuota": resources.cpu_quota_micros,
        "Memory": resources.memory_bytes,
        "MemorySwap": resources.memory_bytes,
    }


def container_host_config(config: ContainerConfig, join: str, pid_mode: str) -> dict[str, Any]:
    """``join`` is how the sandbox's namespaces are named (``container:ID``)."""
    resources, security = config.resources, config.security
    return {
        "NetworkMode": join,
        "IpcMode": join,
        "PidMode": pid_mode,
        "Mounts": [mount_of(mount) for mount in config.mounts],
        **limits_body(resources),
        "OomScoreAdj": oom_score(resources.oom_score_adj),
        "Privileged": security.privileged,
        "ReadonlyRootfs": security.read_only_root,
        "CapAdd": list(security.add_capabilities),
        "CapDrop": list(security.drop_capabilities),
        "GroupAdd": [str(group) for group in security.supplemental_groups],
        "SecurityOpt": security_options(security),
        **({"MaskedPaths": [], "ReadonlyPaths": []} if security.unmasked_proc else {}),
        "LogConfig": {"Type": "json-file", "Config": LOG_OPTIONS},
    }


def security_options(security: Security) -> list[str]:
    """Raises `RuntimeFailure` for a seccomp profile that cannot be read."""
    options = [] if security.allow_privilege_escalation else ["no-new-privileges"]
    if security.seccomp == "Unconfined":
        options.append("seccomp=unconfined")
    elif security.seccomp == "Localhost":
        try:
            options.append(f"seccomp={Path(security.seccomp_file).read_text()}")  # Docker takes the profile itself
        except (OSError, UnicodeDecodeError) as exc:
            raise RuntimeFailure(f"cannot read the seccomp profile {security.seccomp_file}: {exc}") from exc
    if security.app_armor:
        options.append(f"apparmor={security.app_armor}")
    return [*options, *(f"label={each}" for each in security.se_linux)]


def container_body(config: ContainerConfig, labels: Mapping[str, str], image_user: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Image": config.image_id or config.image,
        "Env": [f"{name}={value}" for name, value in config.env],
        "Labels": dict(labels),
        "Tty": config.tty,
        "OpenStdin": config.stdin,
        "StdinOnce": config.stdin_once,
        "Healthcheck": {"Test": ["NONE"]},
    }
    if config.command:
        body["Entrypoint"] = list(config.command)
    if config.args:
        body["Cmd"] = list(config.args)
    if config.working_dir:
        body["WorkingDir"] = config.working_dir
    if user := user_of(config.security, image_user):
        body["User"] = user
    if config.stop_signal:
        body["StopSignal"] = config.stop_signal
    return body
