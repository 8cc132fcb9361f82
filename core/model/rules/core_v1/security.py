"""Checks on security contexts of pods and containers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, go_value, invalid, not_supported, required, too_long
from sampan.core.model.rules.core_v1.paths import local_descending
from sampan.core.model.rules.core_v1.pod_defaults import CONTAINER_LISTS
from sampan.core.model.rules.core_v1.windows import validate_windows_options

Value = Mapping[str, Any]

PROFILE_TYPES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
SYSCTL: Final = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
SECCOMP_FIELDS: Final = {"type": "", "localhostProfile": None}
CONTEXT_FIELDS: Final[Mapping[str, Any]] = {
    "capabilities": {"add": None, "drop": None},
    "privileged": None,
    "seLinuxOptions": {"user": "", "role": "", "type": "", "level": ""},
    "windowsOptions": {
        "gmsaCredentialSpecName": None, "gmsaCredentialSpec": None, "runAsUserName": None, "hostProcess": None,
    },
    "runAsUser": None,
    "runAsGroup": None,
    "runAsNonRoot": None,
    "readOnlyRootFilesystem": None,
    "allowPrivilegeEscalation": None,
    "procMount": None,
    "seccompProfile": SECCOMP_FIELDS,
    "appArmorProfile": SECCOMP_FIELDS,
}  # fmt: skip
MAX_PROFILE: Final = 4095


def _ids(context: Value, words: Sequence[str], path: str) -> list[Cause]:
    return [
        invalid(f"{path}.{word}", context[word], problem)
        for word in words
        if context.get(word) is not None
        for problem in formats.user_id(context[word])
    ]


def validate_pod_security(context: Value, spec: Value, path: str) -> list[Cause]:
    causes = _ids(context, ("fsGroup", "runAsUser", "runAsGroup"), path)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        where = f"{path}.supplementalGroups[{index}]"
        causes += [invalid(where, group, problem) for problem in formats.user_id(group)]
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        words = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.append(invalid(f"{path}.shareProcessNamespace", True, words))
    causes += _sysctls(context.get("sysctls") or (), spec, f"{path}.sysctls")
    causes += _one_of(context, "fsGroupChangePolicy", ("Always", "OnRootMismatch"), path)
    causes += _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    causes += validate_windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    causes += _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    causes += _one_of(context, "supplementalGroupsPolicy", ("Merge", "Strict"), path)
    causes += _one_of(context, "seLinuxChangePolicy", ("Recursive",), path)
    return causes


def _one_of(context: Value, word: str, known: Sequence[str], path: str) -> list[Cause]:
    value = context.get(word)
    return [] if value is None or value in known else [not_supported(f"{path}.{word}", value, known)]


def _sysctls(sysctls: Sequence[Value], spec: Value, path: str) -> list[Cause]:
    causes, seen = [], set()
    for index, sysctl in enumerate(sysctls):
        name, where = sysctl.get("name") or "", f"{path}[{index}].name"
        if not name:
            causes.append(required(where))
        elif len(name) > 253 or not re.fullmatch(SYSCTL, name):
            causes.append(invalid(where, name, f"must have at most 253 characters and match regex ^{SYSCTL}$"))
        elif name in seen:
            causes.append(duplicate(where, name))
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            causes.append(invalid(where, name, "may not be specified when 'hostNetwork' is true"))
        elif spec.get("hostIPC") and dotted.startswith(("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")):
            causes.append(invalid(where, name, "may not be specified when 'hostIPC' is true"))
        seen.add(name)
    return causes


def _seccomp(profile: Value | None, path: str) -> list[Cause]:
    if profile is None:
        return []
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    causes = []
    if not kind:
        causes.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in PROFILE_TYPES:
        causes.append(not_supported(f"{path}.type", kind, PROFILE_TYPES))
    where = f"{path}.localhostProfile"
    if kind != "Localhost":
        if local is not None:
            shown = go_value(profile, SECCOMP_FIELDS)
            causes.append(invalid(where, shown, "can only be set when seccomp type is Localhost"))
    elif local is None:
        causes.append(required(where, "must be set when seccomp type is Localhost"))
    else:
        causes += local_descending(local, where)
    return causes


def _app_armor(profile: Value | None, path: str) -> list[Cause]:
    if profile is None:
        return []
    kind, local, where = profile.get("type") or "", profile.get("localhostProfile"), f"{path}.localhostProfile"
    if not kind:
        return [required(f"{path}.type", "type is required when appArmorProfile is set")]
    if kind not in PROFILE_TYPES:
        return [not_supported(f"{path}.type", kind, PROFILE_TYPES)]
    if kind != "Localhost":
        words = "can only be set when AppArmor type is Localhost"
        return [] if local is None else [invalid(where, local, words)]
    if local is None or not local:
        return [required(where, "must be set when AppArmor type is Localhost")]
    causes = [] if local == local.strip() else [invalid(where, local, "must not be padded with whitespace")]
    return causes if len(local) <= MAX_PROFILE else [*causes, too_long(where, MAX_PROFILE)]


def validate_container_security(context: Value | None, path: str, *, host_users: bool = True) -> list[Cause]:
    if context is None:
        return []
    causes = _ids(context, ("runAsUser", "runAsGroup"), path)
    mount = context.get("procMount")
    if mount is not None and mount not in ("Default", "Unmasked"):
        causes.append(not_supported(f"{path}.procMount", mount, ("Default", "Unmasked")))
    if mount == "Unmasked" and host_users:
        causes.append(invalid(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`"))
    causes += _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    causes += _escalation(context, path)
    causes += validate_windows_options(context.get("windowsOptions"), f"{path}.windowsOptions")
    return causes + _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def _escalation(context: Value, path: str) -> list[Cause]:
    if context.get("allowPrivilegeEscalation") is not False:
        return []
    if context.get("privileged"):
        words = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        return [invalid(path, go_value(context, CONTEXT_FIELDS), words)]
    added = (context.get("capabilities") or {}).get("add") or ()
    if {"CAP_SYS_ADMIN", "SYS_ADMIN"} & set(added):
        words = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        return [invalid(path, go_value(context, CONTEXT_FIELDS), words)]
    return []


def validate_host_users(spec: Value, path: str) -> list[Cause]:
    """A user namespace of its own does not go with the host's other namespaces."""
    if spec.get("hostUsers") is not False:
        return []
    words = "when `hostUsers` is false"
    pairs = (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC"))
    causes = [forbidden(f"{path}.{shown}", words) for word, shown in pairs if spec.get(word)]
    return causes + [
        forbidden(f"{path}.{word}[{index}].volumeDevices", words)
        for word in CONTAINER_LISTS
        for index, container in enumerate(spec.get(word) or ())
        if container.get("volumeDevices")
    ]
