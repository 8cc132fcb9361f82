"""The Pod Security Standards: what each level forbids, by version. Pure functions of wire values.

https://kubernetes.io/docs/concepts/security/pod-security-standards/. Each check says in Kubernetes' words what it minds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

Wire = Mapping[str, Any]
Level = Literal["privileged", "baseline", "restricted"]
LEVELS: Final = ("privileged", "baseline", "restricted")
LATEST: Final = 10_000
"""The version ``latest``."""

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
RESTRICTED_VOLUMES: Final = frozenset(
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
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


@attrs.frozen
class Finding:
    """What a check minds, in short and at length."""

    reason: str
    detail: str = ""

    @property
    def text(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Wire, Wire, int], Finding | None]
"""Metadata and spec of a pod, and the standard's version."""


def evaluate(level: str, version: int, metadata: Wire, spec: Wire) -> list[Finding]:
    """What a level forbids about a pod."""
    if level == "privileged":
        return []
    checks: Sequence[Check] = BASELINE if level == "baseline" else (*_without_overridden(), *RESTRICTED)
    found = [check(metadata, spec, version) for check in checks]
    return [each for each in found if each is not None]


def containers(spec: Wire) -> Iterator[Wire]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _named(word: str, names: Sequence[str]) -> str:
    return f"{word}{'s' if len(names) > 1 else ''} {_quoted(names)}"


def _context(holder: Wire) -> Wire:
    found: Wire = holder.get("securityContext") or {}
    return found


def _is_windows(spec: Wire, version: int) -> bool:
    return version >= 25 and (spec.get("os") or {}).get("name") == "windows"


# Baseline


def privileged(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in containers(spec) if _context(each).get("privileged")]
    return (
        Finding("privileged", f"{_named('container', bad)} must not set securityContext.privileged=true")
        if bad
        else None
    )


def host_namespaces(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return Finding("host namespaces", ", ".join(bad)) if bad else None


def host_path_volumes(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in spec.get("volumes") or () if each.get("hostPath") is not None]
    return Finding("hostPath volumes", _named("volume", bad)) if bad else None


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
    return Finding("hostPort", f"{_named('container', bad)} {uses} {word} {', '.join(map(str, numbers))}")


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
        Finding("probe or lifecycle host", f"{_named('container', bad)} {uses} probe or lifecycle hosts")
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
        if (_context(holder).get("appArmorProfile") or {}).get("type") == "Unconfined"
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
        options = _context(holder).get("seLinuxOptions") or {}
        if options.get("type", "") not in types:
            bad.append(f'type "{options["type"]}"')
        for word in ("user", "role"):
            if options.get(word):
                bad.append(f"{word} may not be set")
    return Finding("seLinuxOptions", f"{_holders(spec, 'seLinuxOptions')} set forbidden securityContext.seLinuxOptions: "
                   + "; ".join(dict.fromkeys(bad))) if bad else None  # fmt: skip


def _holders(spec: Wire, field: str) -> str:
    names = [each["name"] for each in containers(spec) if _context(each).get(field)]
    parts = ["pod"] if _context(spec).get(field) else []
    if names:
        parts.append(_named("container", names))
    return " and ".join(parts)


def proc_mount(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version >= 35 and spec.get("hostUsers") is False:
        return None
    bad = [each["name"] for each in containers(spec) if _context(each).get("procMount") not in (None, "Default")]
    if not bad:
        return None
    types = sorted({_context(each)["procMount"] for each in containers(spec) if each["name"] in bad})
    return Finding(
        "procMount", f"{_named('container', bad)} must not set securityContext.procMount to {_quoted(types)}"
    )


def sysctls(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [
        each["name"]
        for each in _context(spec).get("sysctls") or ()
        if each["name"] not in SYSCTLS or version < SYSCTLS[each["name"]]
    ]
    return Finding("forbidden sysctls", ", ".join(bad)) if bad else None


def host_process(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad = [each["name"] for each in containers(spec) if (_context(each).get("windowsOptions") or {}).get("hostProcess")]
    parts = ["pod"] if (_context(spec).get("windowsOptions") or {}).get("hostProcess") else []
    if bad:
        parts.append(_named("container", bad))
    return Finding(
        "hostProcess", f"{' and '.join(parts)} must not set securityContext.windowsOptions.hostProcess=true"
    ) if parts else None  # fmt: skip


def baseline_capabilities(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad: list[str] = []
    added: set[str] = set()
    for each in containers(spec):
        own = set((_context(each).get("capabilities") or {}).get("add") or ()) - BASELINE_CAPABILITIES
        if own:
            bad.append(each["name"])
            added |= own
    if not bad:
        return None
    said = f"{_named('container', bad)} must not include {_quoted(sorted(added))} in securityContext.capabilities.add"
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
        if (_context(each).get("seccompProfile") or {}).get("type") not in (None, "RuntimeDefault", "Localhost")
    ]
    parts = ["pod"] if (_context(spec).get("seccompProfile") or {}).get("type") == "Unconfined" else []
    if bad:
        parts.append(_named("container", bad))
    if not parts:
        return None
    return Finding(
        "seccompProfile", f'{" and ".join(parts)} must not set securityContext.seccompProfile.type to "Unconfined"'
    )


# Restricted


def restricted_volumes(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    bad: list[str] = []
    types: list[str] = []
    for each in spec.get("volumes") or ():
        [sort] = [key for key in each if key != "name"] or ["unknown"]
        if sort not in RESTRICTED_VOLUMES:
            bad.append(each["name"])
            types.append(sort)
    if not bad:
        return None
    uses = "use" if len(bad) > 1 else "uses"
    sorts = sorted(set(types))
    word = "types" if len(sorts) > 1 else "type"
    return Finding(
        "restricted volume types", f"{_named('volume', bad)} {uses} restricted volume {word} {_quoted(sorts)}"
    )


def privilege_escalation(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 8 or _is_windows(spec, version):
        return None
    bad = [each["name"] for each in containers(spec) if _context(each).get("allowPrivilegeEscalation") is not False]
    said = f"{_named('container', bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Finding("allowPrivilegeEscalation != false", said) if bad else None


def run_as_non_root(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version >= 35 and spec.get("hostUsers") is False:
        return None
    whole = _context(spec).get("runAsNonRoot")
    explicit = [each["name"] for each in containers(spec) if _context(each).get("runAsNonRoot") is False]
    implicit = [each["name"] for each in containers(spec) if _context(each).get("runAsNonRoot") is None]
    bad = [*explicit]
    parts: list[str] = []
    if whole is False:
        parts.append("pod")
    if bad:
        parts.append(_named("container", bad))
    if parts:
        return Finding("runAsNonRoot != true", f"{' and '.join(parts)} must not set securityContext.runAsNonRoot=false")
    if implicit and whole is not True:
        said = f"pod or {_named('container', implicit)} must set securityContext.runAsNonRoot=true"
        return Finding("runAsNonRoot != true", said)
    return None


def run_as_user(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 23 or (version >= 35 and spec.get("hostUsers") is False):
        return None
    bad = [each["name"] for each in containers(spec) if _context(each).get("runAsUser") == 0]
    parts = ["pod"] if _context(spec).get("runAsUser") == 0 else []
    if bad:
        parts.append(_named("container", bad))
    return Finding("runAsUser=0", f"{' and '.join(parts)} must not set runAsUser=0") if parts else None


def restricted_seccomp(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 19 or _is_windows(spec, version):
        return None
    good = ("RuntimeDefault", "Localhost")
    own = {each["name"]: (_context(each).get("seccompProfile") or {}).get("type") for each in containers(spec)}
    whole = (_context(spec).get("seccompProfile") or {}).get("type")
    explicit = [name for name, sort in own.items() if sort not in (None, *good)]
    parts = ["pod"] if whole not in (None, *good) else []
    if explicit:
        parts.append(_named("container", explicit))
    if parts:
        said = 'must not set securityContext.seccompProfile.type to "Unconfined"'
        return Finding("seccompProfile", f"{' and '.join(parts)} {said}")
    implicit = [name for name, sort in own.items() if sort is None]
    if implicit and whole is None:
        said = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        return Finding("seccompProfile", f"pod or {_named('container', implicit)} {said}")
    return None


def restricted_capabilities(metadata: Wire, spec: Wire, version: int) -> Finding | None:
    if version < 22 or _is_windows(spec, version):
        return None
    no_drop: list[str] = []
    adding: list[str] = []
    added: set[str] = set()
    for each in containers(spec):
        capabilities = _context(each).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            no_drop.append(each["name"])
        if own := set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            adding.append(each["name"])
            added |= own
    said = []
    if no_drop:
        said.append(f'{_named("container", no_drop)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        names = _quoted(sorted(added))
        said.append(f"{_named('container', adding)} must not include {names} in securityContext.capabilities.add")
    return Finding("unrestricted capabilities", "; ".join(said)) if said else None


OVERRIDDEN: Final = (baseline_capabilities, baseline_seccomp, host_path_volumes)
"""Checks of the baseline that a stricter one of the restricted level stands for."""

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
RESTRICTED: Final[tuple[Check, ...]] = (
    privilege_escalation,
    restricted_capabilities,
    restricted_volumes,
    run_as_non_root,
    run_as_user,
    restricted_seccomp,
)


def _without_overridden() -> Iterator[Check]:
    return (check for check in BASELINE if check not in OVERRIDDEN)
