"""How much isolation pods get here: decided once, from what the probe found, and said to the person."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Capabilities

UserNamespace = Literal["", "single", "range"]


@frozen(kw_only=True)
class Isolation:
    private: bool
    """Pods have namespaces: mounts, processes, IPC, host name."""
    network: bool = False
    """And a network of their own."""
    user_namespace: UserNamespace = ""
    upper: str = ""
    """Where overlays keep what is written: ``disk``, ``memory``; empty: there are no overlays."""
    limits: bool = False
    problem: str = ""
    """Why there is no more of it, in the kernel's words."""
    subordinate: tuple[tuple[int, int], tuple[int, int]] | None = None

    def note(self) -> str:
        """One line for people."""
        if not self.private:
            why = self.problem or "this kernel allows this user no namespaces"
            return f"no isolation ({why}): pods are plain processes of this user, and can read what this user can"
        parts = ["own mounts, processes, IPC and host name"]
        parts.insert(0, "own network" if self.network else "the host's network")
        if self.user_namespace:
            parts.append("in a user namespace" + (" with one user" if self.user_namespace == "single" else ""))
        if not self.upper:
            parts.append("no overlays, so the host's files are read-only and images cannot run")
        parts.append("resource limits" if self.limits else "no resource limits")
        return "; ".join(parts)

    def capabilities(self) -> Capabilities:
        kinds = [name for name, given in (("network", self.network), ("users", bool(self.user_namespace))) if given]
        if self.private:
            kinds += ["mounts", "processes", "ipc", "hostname"]
        return Capabilities(
            own_network=self.network,
            isolation=tuple(kinds),
            pulls_images=False,
            loads_images=self.private and bool(self.upper),
            resource_limits=self.limits,
            shares_processes=self.private,
            privileged=self.private and not self.user_namespace,
            unsupported_fields=self._unsupported(),
        )

    def _unsupported(self) -> tuple[str, ...]:
        security, pod = "spec.containers[].securityContext", "spec.securityContext"
        fields = [
            *(f"{where}.seccompProfile.type=RuntimeDefault" for where in (security, pod)),
            *(f"{where}.seccompProfile.type=Localhost" for where in (security, pod)),
            *(f"{where}.{field}" for where in (security, pod) for field in ("seLinuxOptions", "appArmorProfile")),
            f"{security}.procMount=Unmasked",
            "spec.hostUsers=false",
        ]
        if self.user_namespace:
            fields.append(f"{security}.capabilities.add")  # they would hold for what is in the namespace only
        elif not self.private:
            fields.append(f"{security}.capabilities")
        if self.user_namespace == "single" or not self.private:
            fields += ["spec.securityContext.supplementalGroups", "spec.securityContext.fsGroup"]
        if not self.network:
            fields += ["spec.containers[].ports[].hostPort", "spec.securityContext.sysctls"]
        if not self.private:
            fields += [
                "spec.containers[].volumeMounts",
                f"{security}.readOnlyRootFilesystem",
                "spec.hostname",
                "spec.hostAliases",
                "spec.dnsConfig",
                "spec.shareProcessNamespace",
            ]
            if os.geteuid() != 0:
                fields += [f"{security}.runAsUser", f"{security}.runAsGroup"]
        return tuple(fields)


def decide(
    found: Mapping[str, object],
    *,
    limits: bool,
    subordinate: tuple[tuple[int, int], tuple[int, int]] | None,
) -> Isolation:
    """The best of what the probe (`sampan.runtimes.process.shim.probe`) found possible."""
    sort, problem = str(found["sort"]), str(found["problem"])
    if not sort:
        return Isolation(private=False, limits=limits, problem=problem)
    return Isolation(
        private=True,
        network=bool(found["network"]),
        user_namespace="" if sort == "plain" else "range" if sort == "range" else "single",
        upper=str(found["upper"]),
        limits=limits,
        subordinate=subordinate if sort == "range" else None,
        problem=problem,
    )


def subordinate_ids() -> tuple[tuple[int, int], tuple[int, int]] | None:
    """(start, count) of users and of groups that /etc/subuid and /etc/subgid give this user; ``None`` without both."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = ""
    users, groups = (_range(Path(path), name, uid) for path in ("/etc/subuid", "/etc/subgid"))
    return (users, groups) if users and groups and uid else None


def _range(path: Path, name: str, uid: int) -> tuple[int, int] | None:
    try:
        rows = [line.strip().split(":") for line in path.read_text().splitlines()]
    except OSError:
        return None
    for row in rows:
        if len(row) == 3 and row[0] in (name, str(uid)) and row[1].isdigit() and row[2].isdigit():
            return int(row[1]), int(row[2])
    return None
