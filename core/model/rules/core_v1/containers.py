"""Checks on the containers of a pod: regular ones, init containers and ephemeral ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import duplicate, forbidden, invalid, not_found, not_supported, required, too_many
from sampan.core.model.rules.core_v1.environment import validate_env, validate_env_from
from sampan.core.model.rules.core_v1.mounts import validate_devices, validate_mounts
from sampan.core.model.rules.core_v1.probes import validate_lifecycle, validate_liveness, validate_readiness
from sampan.core.model.rules.core_v1.resources import validate_resize_policy, validate_resources
from sampan.core.model.rules.core_v1.security import validate_container_security

Value = Mapping[str, Any]

PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
RESTART_POLICIES: Final = ("Always", "Never", "OnFailure")
MAX_RULES: Final = 20
MAX_EXIT_CODES: Final = 255
EPHEMERAL_FIELDS: Final = frozenset(
    {
        "name", "image", "command", "args", "workingDir", "envFrom", "env", "volumeMounts", "volumeDevices",
        "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin",
        "stdinOnce", "tty", "targetContainerName",
    }
)  # fmt: skip
EMPTY_RESOURCES: Final[Mapping[str, Value]] = {"resources": {}}
"""Set on every container by default."""
EPHEMERAL: Final = "cannot be set for an Ephemeral Container"
INIT: Final = "may not be set for init containers without restartPolicy=Always"


@frozen(kw_only=True)
class PodContext:
    """What a container's checks need to know of its pod."""

    volumes: Mapping[str, Value]
    claims: frozenset[str] = frozenset()
    restart_policy: str = "Always"
    grace_period: int | None = None
    os_name: str = ""
    host_users: bool = True


def validate_containers(containers: Sequence[Value], pod: PodContext, path: str) -> list[Cause]:
    if not containers:
        return [required(path)]
    causes = []
    names: set[str] = set()
    for index, container in enumerate(containers):
        where, name = f"{path}[{index}]", container.get("name") or ""
        causes += _common(container, pod, where)
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        names.add(name)
        causes += _running(container, pod, where)
        causes += _restart_rules(container, where)
    return causes + host_port_conflicts(containers, path)


def _running(container: Value, pod: PodContext, path: str) -> list[Cause]:
    """What only containers that go on running may have."""
    causes = []
    if (lifecycle := container.get("lifecycle")) is not None:
        causes += validate_lifecycle(lifecycle, pod.grace_period, f"{path}.lifecycle", pod.os_name)
    causes += validate_liveness(container.get("livenessProbe"), pod.grace_period, f"{path}.livenessProbe")
    causes += validate_readiness(container.get("readinessProbe"), pod.grace_period, f"{path}.readinessProbe")
    causes += validate_liveness(container.get("startupProbe"), pod.grace_period, f"{path}.startupProbe")
    return causes


def _restart_rules(container: Value, path: str, sort: str = "containers") -> list[Cause]:
    """Container restart policy and rules (on by default since 1.35). ``sort``: the list that holds the container."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or ()
    causes = []
    if policy is not None and policy not in RESTART_POLICIES:
        causes.append(not_supported(f"{path}.restartPolicy", policy, RESTART_POLICIES))
    if rules and policy is None:
        causes.append(required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used"))
        if sort == "initContainers":
            return causes
    if len(rules) > MAX_RULES:
        causes.append(too_many(f"{path}.restartPolicyRules", len(rules), MAX_RULES))
    for index, rule in enumerate(rules):
        where = f"{path}.restartPolicyRules[{index}]"
        if rule.get("action") not in ("Restart", "RestartAllContainers"):
            causes.append(
                not_supported(f"{where}.action", rule.get("action") or "", ("Restart", "RestartAllContainers"))
            )
        codes = rule.get("exitCodes")
        if codes is None:
            causes.append(required(f"{where}.exitCodes", "must be specified"))
            continue
        if codes.get("operator") not in ("In", "NotIn"):
            causes.append(not_supported(f"{where}.exitCodes.operator", codes.get("operator") or "", ("In", "NotIn")))
        if len(codes.get("values") or ()) > MAX_EXIT_CODES:
            causes.append(too_many(f"{where}.exitCodes.values", len(codes["values"]), MAX_EXIT_CODES))
    return causes


def validate_init_containers(
    containers: Sequence[Value], regular: Sequence[Value], pod: PodContext, path: str
) -> list[Cause]:
    causes = []
    names = {container.get("name") or "" for container in regular}
    for index, container in enumerate(containers):
        where, name = f"{path}[{index}]", container.get("name") or ""
        causes += _common(container, pod, where)
        causes += _restart_rules(container, where, "initContainers")
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        elif name:
            names.add(name)
        causes += host_port_conflicts([container], path)
        if container.get("restartPolicy") == "Always":
            causes += _running(container, pod, where)
        else:
            words = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
            causes += [forbidden(f"{where}.{word}", INIT) for word in words if container.get(word) is not None]
            causes += _resize_of_step(container, f"{where}.resizePolicy")
    return causes


def _resize_of_step(container: Value, path: str) -> list[Cause]:
    """A container that ends by itself is not restarted to be resized."""
    words = "must not be set to 'RestartContainer' for non-sidecar initContainers"
    return [
        invalid(f"{path}[{index}].restartPolicy", "RestartContainer", words)
        for index, policy in enumerate(container.get("resizePolicy") or ())
        if policy.get("restartPolicy") == "RestartContainer"
    ]


def validate_ephemeral_containers(spec: Value, pod: PodContext, path: str) -> list[Cause]:
    causes = []
    others = {each.get("name") for word in ("containers", "initContainers") for each in spec.get(word) or ()}
    names = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        where, name = f"{path}[{index}]", container.get("name") or ""
        causes += _common(container, pod, where)
        causes += image_spaces(container, where)
        if name in names:
            causes.append(duplicate(f"{where}.name", name))
        names.add(name)
        target = container.get("targetContainerName")
        if target and target not in others:
            causes.append(not_found(f"{where}.targetContainerName", target))
        causes += [forbidden(f"{where}.{word}", EPHEMERAL) for word in container if _is_extra(word, container[word])]
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            words = [word for word in ("subPath", "subPathExpr") if mount.get(word)]
            causes += [forbidden(f"{where}.volumeMounts[{number}].{word}", EPHEMERAL) for word in words]
    return causes


def _is_extra(word: str, value: Any) -> bool:
    """Whether a field is set that is not for ephemeral containers (an object counts, even an empty one)."""
    return (
        word not in EPHEMERAL_FIELDS and (isinstance(value, dict) or bool(value)) and value != EMPTY_RESOURCES.get(word)
    )


def _common(container: Value, pod: PodContext, path: str) -> list[Cause]:
    """What holds for containers of all sorts."""
    name = container.get("name") or ""
    causes = [invalid(f"{path}.name", name, problem) for problem in formats.dns1123_label(name)] if name else []
    if not name:
        causes.append(required(f"{path}.name"))
    if not container.get("image"):
        causes.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy") or ""
    if policy not in MESSAGE_POLICIES:
        where = f"{path}.terminationMessagePolicy"
        causes.append(not_supported(where, policy, MESSAGE_POLICIES) if policy else required(where))
    causes += _ports(container.get("ports") or (), f"{path}.ports")
    causes += validate_env(container.get("env") or (), f"{path}.env")
    causes += validate_env_from(container.get("envFrom") or (), f"{path}.envFrom")
    causes += validate_mounts(container, pod.volumes, f"{path}.volumeMounts")
    causes += validate_devices(container, pod.volumes, f"{path}.volumeDevices")
    causes += _pull_policy(container.get("imagePullPolicy") or "", f"{path}.imagePullPolicy")
    causes += validate_resources(container.get("resources") or {}, f"{path}.resources", pod.claims)
    causes += validate_resize_policy(container.get("resizePolicy") or (), f"{path}.resizePolicy", pod.restart_policy)
    security = container.get("securityContext")
    return causes + validate_container_security(security, f"{path}.securityContext", host_users=pod.host_users)


def _pull_policy(policy: str, path: str) -> list[Cause]:
    if not policy:
        return [required(path)]
    return [] if policy in PULL_POLICIES else [not_supported(path, policy, PULL_POLICIES)]


def _ports(ports: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        where, name = f"{path}[{index}]", port.get("name") or ""
        if problems := formats.port_name(name) if name else []:
            causes += [invalid(f"{where}.name", name, problem) for problem in problems]
        elif name in names:
            causes.append(duplicate(f"{where}.name", name))
        elif name:
            names.add(name)
        number = port.get("containerPort") or 0
        if not number:
            causes.append(required(f"{where}.containerPort"))
        else:
            problems = formats.port_number(number)
            causes += [invalid(f"{where}.containerPort", number, problem) for problem in problems]
        if host_port := port.get("hostPort") or 0:
            problems = formats.port_number(host_port)
            causes += [invalid(f"{where}.hostPort", host_port, problem) for problem in problems]
        protocol = port.get("protocol") or ""
        if protocol not in PROTOCOLS:
            missing = required(f"{where}.protocol")
            causes.append(not_supported(f"{where}.protocol", protocol, PROTOCOLS) if protocol else missing)
    return causes


def host_port_conflicts(containers: Sequence[Value], path: str) -> list[Cause]:
    """The same port of the node, asked for twice."""
    causes = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in taken:
                causes.append(duplicate(f"{path}[{index}].ports[{number}].hostPort", key))
            taken.add(key)
    return causes


def image_spaces(container: Value, path: str) -> list[Cause]:
    """Checked on pods only: templates with such images are out there."""
    image = container.get("image") or ""
    if image == image.strip():
        return []
    return [invalid(f"{path}.image", image, "must not have leading or trailing whitespace")]
