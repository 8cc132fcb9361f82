"""A pod's and a container's settings in the words that Podman's own create calls take (its spec generator's)."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from sampan.core.contracts.runtime import Sandbox
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, Resources, SandboxConfig, Security
from sampan.runtimes.engine import names
from sampan.runtimes.engine.settings import CPU_PERIOD_MICROS, PROPAGATION, oom_score, user_of

LOG_SIZE = 20 << 20
"""Bytes that a container's log may take."""


def pod_spec(
    config: SandboxConfig, labels: Mapping[str, str], *, name: str, image: str, network: str
) -> dict[str, Any]:
    """``name`` is that of the pod's infra container, ``network`` what the pod is on (empty: the host's own)."""
    shared = ["net", "uts"]
    if not config.host_ipc:
        shared.append("ipc")
    if config.share_process_namespace:
        shared.append("pid")
    spec: dict[str, Any] = {
        "name": pod_name(name),
        "infra_name": name,
        "infra_image": image,
        "labels": dict(labels),
        "shared_namespaces": shared,
        "sysctl": dict(config.sysctls),
    }
    if not network:
        return {**spec, "netns": {"nsmode": "host"}}
    return {
        **spec,
        "hostname": config.hostname,
        "netns": {"nsmode": "bridge"},
        "Networks": {network: {}},
        "dns_server": list(config.dns_servers),
        "dns_search": list(config.dns_searches),
        "dns_option": list(config.dns_options),
        "portmappings": [
            {
                "container_port": port.container_port,
                "host_port": port.host_port,
                "host_ip": port.host_ip,
                "protocol": port.protocol.lower(),
            }
            for port in config.ports
        ],
    }


def pod_name(infra_name: str) -> str:
    """Podman wants different names for a pod and its infra container."""
    return infra_name.removeprefix("k8s_")


def container_spec(
    sandbox: Sandbox, config: ContainerConfig, labels: Mapping[str, str], image_user: str
) -> dict[str, Any]:
    security = config.security
    spec: dict[str, Any] = {
        "name": names.container_name(sandbox, config),
        "pod": sandbox.id,
        "image": (config.image_id or config.image).removeprefix("sha256:"),
        "labels": dict(labels),
        "env": dict(config.env),
        "entrypoint": list(config.command) or None,
        "command": list(config.args) or None,
        "work_dir": config.working_dir,
        "create_working_dir": True,
        "terminal": config.tty,
        "stdin": config.stdin,
        "stop_signal": signal_number(config.stop_signal),
        "mounts": [mount_of(mount) for mount in config.mounts],
        "user": user_of(security, image_user),
        "groups": [str(group) for group in security.supplemental_groups],
        "privileged": security.privileged,
        "read_only_filesystem": security.read_only_root,
        "no_new_privileges": not security.allow_privilege_escalation,
        "cap_add": list(security.add_capabilities),
        "cap_drop": list(security.drop_capabilities),
        "seccomp_profile_path": seccomp_path(security),
        "apparmor_profile": security.app_armor,
        "selinux_opts": list(security.se_linux),
        "unmask": ["ALL"] if security.unmasked_proc else [],
        "resource_limits": limits(config.resources),
        "oom_score_adj": oom_score(config.resources.oom_score_adj),
        "healthconfig": {"Test": ["NONE"]},
        "log_configuration": {"driver": "k8s-file", "size": LOG_SIZE},
        "pidns": {"nsmode": "host"} if names.says(sandbox, names.LABEL_HOST_PID) else None,
        "ipcns": {"nsmode": "host"} if names.says(sandbox, names.LABEL_HOST_IPC) else None,
    }
    return {key: value for key, value in spec.items() if value not in (None, "", [], {})}


def seccomp_path(security: Security) -> str:
    """Podman reads the profile itself; empty is its own."""
    return {"Unconfined": "unconfined", "Localhost": security.seccomp_file}.get(security.seccomp, "")


def mount_of(mount: Mount) -> dict[str, Any]:
    """As the OCI runtime takes it."""
    access = "ro" if mount.read_only else "rw"
    return {
        "type": "bind",
        "source": mount.host_path,
        "destination": normpath(mount.container_path),
        "options": ["rbind", access, PROPAGATION[mount.propagation]],
    }


def limits(resources: Resources) -> dict[str, Any]:
    """As the OCI runtime takes them; nothing where there is no limit."""
    found: dict[str, Any] = {}
    if resources.memory_bytes:
        found["memory"] = {"limit": resources.memory_bytes, "swap": resources.memory_bytes}
    cpu = {}
    if resources.cpu_shares:
        cpu["shares"] = resources.cpu_shares
    if resources.cpu_quota_micros:
        cpu |= {"quota": resources.cpu_quota_micros, "period": CPU_PERIOD_MICROS}
    return {**found, "cpu": cpu} if cpu else found


def signal_number(name: str) -> int | None:
    """``SIGTERM``, ``TERM``, ``15`` or ``SIGRTMIN+3`` as the number that Podman takes; ``None`` for none."""
    if not name:
        return None
    if name.isdigit():
        return int(name)
    base, _, offset = name.upper().removeprefix("SIG").partition("+")
    return int(signal.Signals[f"SIG{base}"]) + int(offset or 0)
