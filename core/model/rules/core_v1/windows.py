"""Checks on what only containers of Windows have, and on what they cannot have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, invalid
from sampan.core.model.rules.core_v1.pod_defaults import CONTAINER_LISTS

Value = Mapping[str, Any]

MAX_CREDENTIAL_SPEC: Final = 64 * 1024
MAX_DOMAIN: Final = 256
MAX_USER: Final = 104
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
NET_BIOS: Final = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
DNS_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
NOT_IN_USERS: Final = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
NOT_WINDOWS: Final = "cannot be set for a windows pod"
POD_CONTEXT: Final = (
    "securityContext.appArmorProfile", "securityContext.seLinuxOptions", "hostUsers", "hostPID", "hostIPC",
    "securityContext.seccompProfile", "securityContext.fsGroup", "securityContext.fsGroupChangePolicy",
    "securityContext.sysctls", "shareProcessNamespace", "securityContext.runAsUser", "securityContext.runAsGroup",
    "securityContext.supplementalGroups", "securityContext.supplementalGroupsPolicy",
    "securityContext.seLinuxChangePolicy",
)  # fmt: skip
FALSE_IS_UNSET: Final = ("hostPID", "hostIPC", "securityContext.sysctls")
CONTAINER_CONTEXT: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip


def validate_windows_options(options: Value | None, path: str) -> list[Cause]:
    """``windowsOptions`` of a security context."""
    if options is None:
        return []
    causes = []
    if (name := options.get("gmsaCredentialSpecName")) is not None:
        where = f"{path}.gmsaCredentialSpecName"
        causes += [invalid(where, name, problem) for problem in formats.dns1123_subdomain(name)]
    if (spec := options.get("gmsaCredentialSpec")) is not None:
        where, size = f"{path}.gmsaCredentialSpec", len(spec.encode())
        if not size:
            causes.append(invalid(where, spec, "gmsaCredentialSpec cannot be an empty string"))
        elif size > MAX_CREDENTIAL_SPEC:
            causes.append(invalid(where, spec, "gmsaCredentialSpec size must be under 64 KiB"))
    if (user := options.get("runAsUserName")) is not None:
        causes += [invalid(f"{path}.runAsUserName", user, f"runAsUserName{problem}") for problem in _user(user)]
    return causes


def _user(name: str) -> Iterator[str]:
    """What is wrong with ``USER`` or ``DOMAIN\\USER``."""
    domain, backslash, user = name.rpartition("\\")
    if not name:
        yield " cannot be an empty string"
    elif CONTROL.search(name):
        yield " cannot contain control characters"
    elif "\\" in domain:
        yield " cannot contain more than one backslash"
    else:
        if len(domain.encode()) >= MAX_DOMAIN:
            yield f"'s Domain length must be under {MAX_DOMAIN} characters"
        if backslash and not (NET_BIOS.fullmatch(domain) or DNS_DOMAIN.fullmatch(domain)):
            yield "'s Domain doesn't match the NetBios nor the DNS format"
        if not user:
            yield "'s User cannot be empty"
        elif len(user.encode()) > MAX_USER:
            yield f"'s User length must not be longer than {MAX_USER} characters"
        if user and not user.strip(". "):
            yield "'s User cannot contain only periods or spaces"
        if NOT_IN_USERS.search(user):
            yield "'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"


def validate_host_process(spec: Value, path: str) -> list[Cause]:
    """All containers of a pod are processes of a Windows host, or none of them is."""
    causes = []
    of_pod = _host_process(spec)
    count = on_host = 0
    for container, where in _containers(spec, path):
        count += 1
        own = _host_process(container)
        if of_pod is not None and own is not None and own != of_pod:
            words = f"pod hostProcess value must be identical if both are specified, was {str(of_pod).lower()}"
            causes.append(invalid(f"{where}.securityContext.windowsOptions.hostProcess", own, words))
        on_host += bool(of_pod if own is None else own)
    if on_host and on_host != count:
        words = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        causes.append(invalid(path, "", words))
    if on_host and not spec.get("hostNetwork"):
        words = "hostNetwork must be true if pod contains any hostProcess containers"
        causes.append(invalid(f"{path}.hostNetwork", False, words))
    return causes


def _host_process(holder: Value) -> bool | None:
    options = (holder.get("securityContext") or {}).get("windowsOptions") or {}
    wanted: bool | None = options.get("hostProcess")
    return wanted


def validate_for_system(spec: Value, path: str) -> list[Cause]:
    """What a pod cannot have as its ``os.name`` says what it is for."""
    if (spec.get("os") or {}).get("name") == "windows":
        return _for_windows(spec, path)
    words = "windows options cannot be set for a linux pod"
    holders = [(spec, path), *_containers(spec, path)]
    return [
        forbidden(f"{where}.securityContext.windowsOptions", words)
        for holder, where in holders
        if (holder.get("securityContext") or {}).get("windowsOptions") is not None
    ]


def _for_windows(spec: Value, path: str) -> list[Cause]:
    causes = [forbidden(f"{path}.{word}", NOT_WINDOWS) for word in POD_CONTEXT if _is_set(spec, word)]
    for container, where in _containers(spec, path):
        context = container.get("securityContext") or {}
        given = [word for word in CONTAINER_CONTEXT if context.get(word) is not None]
        causes += [forbidden(f"{where}.securityContext.{word}", NOT_WINDOWS) for word in given]
    return causes


def _is_set(spec: Value, word: str) -> bool:
    outer, dot, inner = word.partition(".")
    value = (spec.get(outer) or {}).get(inner) if dot else spec.get(outer)
    return bool(value) if word in FALSE_IS_UNSET else value is not None


def _containers(spec: Value, path: str) -> Sequence[tuple[Value, str]]:
    return [
        (container, f"{path}.{word}[{index}]")
        for word in CONTAINER_LISTS
        for index, container in enumerate(spec.get(word) or ())
    ]
