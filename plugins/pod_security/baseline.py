"""What the baseline level forbids. Each check says in Kubernetes' words what it minds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.plugins.pod_security.finding import Check, Finding, Wire, containers, context, named, quoted

BASELINE_CAPABILITIES: Final = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
SYSCTLS: Final[Mapping[str, int]] = {
    "kernel.shm_rmid_forced": 0, "net.ipv4.ip_local_port_range": 0, "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0, "net.ipv4.ip_unprivileged_port_start": 0, "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29, "net.ipv4.tcp_fin_timeout": 29, "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29, "net.ipv4.tcp_rmem": 32, "net.ipv4.tcp_wmem": 32,
}  # fmt: skip
"""Allowed since this minor version."""
SELINUX_TYPES: Final = ("", "container_t", "container_init_t", "container_kvm_t")
ENGINE_SELINUX: Final = "container_engine_t"
APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"


def privileged(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in containers(spec) if context(each).get("privileged")]
    return (
        Finding("privileged", f"{named('container', bad)} must not set securityContext.privileged=true")
        if bad
        else None
    )


def host_namespaces(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return Finding("host namespaces", ", ".join(bad)) if bad else None


def host_path_volumes(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in spec.get("volumes") or () if each.get("hostPath") is not None]
    return Finding("hostPath volumes", named("volume", bad)) if bad else None


def host_ports(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad: list[str] = []
    ports: list[int] = []
    for each in containers(spec):
        own = [port["hostPort"] for port in each.get("ports") or () if port.get("hostPort")]
        if own:
            bad.append(each["name"])
            ports += own
    if not bad:
        return None
    numbers = sorted(set(ports))
    word = "hostPorts" if len(numbers) > 1 else "hostPort"
    uses = "use" if len(bad) > 1 else "uses"
    return Finding("hostPort", f"{named('container', bad)} {uses} {word} {', '.join(map(str, numbers))}")


def host_probes(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    """Since 1.34: probes and hooks that name a host can reach what the pod must not."""
    if version < 34:
        return None
    bad: list[str] = []
    for each in containers(spec):
        handlers = [each.get(probe) or {} for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
        lifecycle = each.get("lifecycle") or {}
        handlers += [lifecycle.get(hook) or {} for hook in ("postStart", "preStop")]
        if any((handler.get(sort) or {}).get("host") for handler in handlers for sort in ("httpGet", "tcpSocket")):
            bad.append(each["name"])
    uses = "use" if len(bad) > 1 else "uses"
    return (
        Finding("probe or lifecycle host", f"{named('container', bad)} {uses} probe or lifecycle hosts")
        if bad
        else None
    )


def app_armor(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [
        f'"{key}={value}"'
        for key, value in sorted((metadata.get("annotations") or {}).items())
        if key.startswith(APPARMOR) and not (value in ("", "runtime/default") or value.startswith("localhost/"))
    ]
    fields = [
        "pod" if holder is spec else f'container "{holder["name"]}"'
        for holder in (spec, *containers(spec))
        if (context(holder).get("appArmorProfile") or {}).get("type") == "Unconfined"
    ]
    said = []
    if bad:
        said.append(f"annotation{'s' if len(bad) > 1 else ''} {', '.join(bad)}")
    if fields:
        said.append(f'{" and ".join(fields)} must not set AppArmor profile type to "Unconfined"')
    return (
        Finding("forbidden AppArmor profile" + ("s" if len(bad) + len(fields) > 1 else ""), " and ".join(said))
        if said
        else None
    )


def se_linux(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    types = (*SELINUX_TYPES, ENGINE_SELINUX) if version >= 31 else SELINUX_TYPES
    bad: list[str] = []
    for holder in (spec, *containers(spec)):
        options = context(holder).get("seLinuxOptions") or {}
        if options.get("type", "") not in types:
            bad.append(f'type "{options["type"]}"')
        for word in ("user", "role"):
            if options.get(word):
                bad.append(f"{word} may not be set")
    return Finding("seLinuxOptions", f"{_holders(spec, 'seLinuxOptions')} set forbidden securityContext.seLinuxOptions: "
                   + "; ".join(dict.fromkeys(bad))) if bad else None  # fmt: skip


def _holders(spec: Wire, field: str) -> str:
    names = [each["name"] for each in containers(spec) if context(each).get(field)]
    parts = ["pod"] if context(spec).get(field) else []
    if names:
        parts.append(named("container", names))
    return " and ".join(parts)


def proc_mount(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version >= 35 and spec.get("hostUsers") is False:
        return None
    bad = [each["name"] for each in containers(spec) if context(each).get("procMount") not in (None, "Default")]
    if not bad:
        return None
    types = sorted({context(each)["procMount"] for each in containers(spec) if each["name"] in bad})
    return Finding("procMount", f"{named('container', bad)} must not set securityContext.procMount to {quoted(types)}")


def sysctls(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [
        each["name"]
        for each in context(spec).get("sysctls") or ()
        if each["name"] not in SYSCTLS or version < SYSCTLS[each["name"]]
    ]
    return Finding("forbidden sysctls", ", ".join(bad)) if bad else None


def host_process(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in containers(spec) if (context(each).get("windowsOptions") or {}).get("hostProcess")]
    parts = ["pod"] if (context(spec).get("windowsOptions") or {}).get("hostProcess") else []
    if bad:
        parts.append(named("container", bad))
    return Finding(
        "hostProcess", f"{' and '.join(parts)} must not set securityContext.windowsOptions.hostProcess=true"
    ) if parts else None  # fmt: skip


def baseline_capabilities(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad: list[str] = []
    added: set[str] = set()
    for each in containers(spec):
        own = set((context(each).get("capabilities") or {}).get("add") or ()) - BASELINE_CAPABILITIES
        if own:
            bad.append(each["name"])
            added |= own
    if not bad:
        return None
    said = f"{named('container', bad)} must not include {quoted(sorted(added))} in securityContext.capabilities.add"
    return Finding("non-default capabilities", said)


def baseline_seccomp(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 19:
        annotations = metadata.get("annotations") or {}
        keys = [key for key in sorted(annotations) if key == SECCOMP_POD or key.startswith(SECCOMP_CONTAINER)]
        wrong = [f'"{key}={annotations[key]}"' for key in keys if annotations[key] == "unconfined"]
        return Finding("seccompProfile", f"forbidden annotations {', '.join(wrong)}") if wrong else None
    bad = [
        each["name"]
        for each in containers(spec)
        if (context(each).get("seccompProfile") or {}).get("type") not in (None, "RuntimeDefault", "Localhost")
    ]
    parts = ["pod"] if (context(spec).get("seccompProfile") or {}).get("type") == "Unconfined" else []
    if bad:
        parts.append(named("container", bad))
    if not parts:
        return None
    return Finding(
        "seccompProfile", f'{" and ".join(parts)} must not set securityContext.seccompProfile.type to "Unconfined"'
    )


BASELINE: Final[tuple[Check, ...]] = (
    app_armor,
    baseline_capabilities,
    host_namespaces,
    host_path_volumes,
    host_ports,
    host_probes,
    privileged,
    proc_mount,
    baseline_seccomp,
    se_linux,
    sysctls,
    host_process,
)
