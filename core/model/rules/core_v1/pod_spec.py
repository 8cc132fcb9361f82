"""Checks on pod specs, in pods and in templates, in Kubernetes' order (`ValidatePodSpec`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import (
    duplicate,
    forbidden,
    go_value,
    invalid,
    malformed,
    not_supported,
    required,
    too_long,
)
from sampan.core.model.rules.common.metadata import validate_annotations, validate_labels
from sampan.core.model.rules.core_v1.affinity import validate_affinity, validate_spreading, validate_tolerations
from sampan.core.model.rules.core_v1.containers import (
    PodContext,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from sampan.core.model.rules.core_v1.environment import validate_files_of_variables
from sampan.core.model.rules.core_v1.pod_resources import validate_pod_resources
from sampan.core.model.rules.core_v1.resources import validate_resources
from sampan.core.model.rules.core_v1.security import validate_host_users, validate_pod_security
from sampan.core.model.rules.core_v1.volumes import validate_volumes
from sampan.core.model.rules.core_v1.windows import validate_for_system, validate_host_process

Value = Mapping[str, Any]

RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")
MAX_INT32: Final = 2**31 - 1
MAX_HOST_NAME: Final = 64
MAX_SEARCHES: Final = 32
MAX_SEARCH_CHARS: Final = 2048
CLAIM_FIELDS: Final = {"name": "", "resourceClaimName": None, "resourceClaimTemplateName": None}
MIRROR: Final = "kubernetes.io/config.mirror"


def validate_template(template: Value, path: str) -> list[Cause]:
    """A pod template: labels, annotations and spec."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    causes = validate_labels(meta.get("labels") or {}, f"{path}.labels")
    causes += validate_annotations(meta.get("annotations") or {}, f"{path}.annotations")
    causes += validate_pod_annotations(meta.get("annotations") or {}, spec, f"{path}.annotations")
    causes += validate_pod_spec(spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        words = "ephemeral containers not allowed in pod template"
        causes.append(forbidden(f"{path}.spec.ephemeralContainers", words))
    return causes


def validate_pod_annotations(annotations: Mapping[str, str], spec: Value, path: str) -> list[Cause]:
    if MIRROR in annotations and not spec.get("nodeName"):
        words = "must set spec.nodeName if mirror pod annotation is set"
        return [invalid(f"{path}[{MIRROR}]", annotations[MIRROR], words)]
    return []


def validate_pod_spec(spec: Value, path: str, *, pod_name: str = "", is_pod: bool = False) -> list[Cause]:
    """``pod_name`` and ``is_pod`` tell a pod from a template, which may leave more to the pod's creation."""
    grace = spec.get("terminationGracePeriodSeconds")
    causes = [required(f"{path}.terminationGracePeriodSeconds")] if grace is None else []
    volumes, found = validate_volumes(spec.get("volumes") or (), f"{path}.volumes", pod_name)
    causes += found
    claims = spec.get("resourceClaims") or ()
    causes += _resource_claims(claims, f"{path}.resourceClaims")
    context = PodContext(
        volumes=volumes,
        claims=frozenset(claim.get("name") or "" for claim in claims),
        restart_policy=spec.get("restartPolicy") or "",
        grace_period=grace,
        os_name=(spec.get("os") or {}).get("name") or "",
        host_users=spec.get("hostUsers") is not False,
    )
    containers = spec.get("containers") or ()
    causes += validate_containers(containers, context, f"{path}.containers")
    causes += validate_init_containers(spec.get("initContainers") or (), containers, context, f"{path}.initContainers")
    causes += validate_ephemeral_containers(spec, context, f"{path}.ephemeralContainers")
    causes += validate_pod_resources(spec, f"{path}.resources")
    causes += _host_network(spec, path, is_pod=is_pod)
    causes += _choice(spec, "restartPolicy", RESTART_POLICIES, path)
    causes += _choice(spec, "dnsPolicy", DNS_POLICIES, path)
    causes += validate_labels(spec.get("nodeSelector") or {}, f"{path}.nodeSelector")
    causes += validate_pod_security(spec.get("securityContext") or {}, spec, f"{path}.securityContext")
    causes += _placement(spec, path)
    return causes + _names_and_times(spec, path)


def _choice(spec: Value, word: str, known: Sequence[str], path: str) -> list[Cause]:
    value = spec.get(word) or ""
    if not value:
        return [required(f"{path}.{word}")]
    return [] if value in known else [not_supported(f"{path}.{word}", value, known)]


def _placement(spec: Value, path: str) -> list[Cause]:
    """From affinity to host users."""
    causes = validate_affinity(spec.get("affinity") or {}, f"{path}.affinity")
    causes += _dns_config(spec.get("dnsConfig"), spec.get("dnsPolicy") or "", f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        causes += malformed(f"{path}.readinessGates[{index}].conditionType", kind, "qualified-name")
    causes += _scheduling_gates(spec.get("schedulingGates") or (), f"{path}.schedulingGates")
    constraints = spec.get("topologySpreadConstraints") or ()
    causes += validate_spreading(constraints, f"{path}.topologySpreadConstraints")
    causes += validate_host_process(spec, path)
    return causes + validate_host_users(spec, path) + _host_name(spec, f"{path}.hostnameOverride")


def _host_name(spec: Value, path: str) -> list[Cause]:
    name = spec.get("hostnameOverride")
    if name is None:
        return []
    words = [word for word in ("setHostnameAsFQDN", "hostNetwork") if spec.get(word)]
    causes = [forbidden(path, f"may not be specified when {word} is true") for word in words]
    if len(name) > MAX_HOST_NAME:
        causes.append(too_long(path, MAX_HOST_NAME))
    return causes + malformed(path, name, "dns1123-subdomain")


def _scheduling_gates(gates: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        causes += malformed(f"{path}[{index}]", name, "qualified-name")
        if name in seen:
            causes.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
    return causes


def _names_and_times(spec: Value, path: str) -> list[Cause]:
    causes = []
    for word, form in (("serviceAccountName", "dns1123-subdomain"), ("nodeName", "dns1123-subdomain")):
        if spec.get(word):
            causes += malformed(f"{path}.{word}", spec[word], form)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT32:
        causes.append(invalid(f"{path}.activeDeadlineSeconds", deadline, formats.between(1, MAX_INT32)))
    for word in ("hostname", "subdomain"):
        if spec.get(word):
            causes += malformed(f"{path}.{word}", spec[word], "dns1123-label")
    causes += validate_tolerations(spec.get("tolerations") or (), f"{path}.tolerations")
    causes += _host_aliases(spec.get("hostAliases") or (), f"{path}.hostAliases")
    if spec.get("priorityClassName"):
        causes += malformed(f"{path}.priorityClassName", spec["priorityClassName"], "dns1123-subdomain")
    if spec.get("runtimeClassName") is not None:
        causes += malformed(f"{path}.runtimeClassName", spec["runtimeClassName"], "dns1123-subdomain")
    policy = spec.get("preemptionPolicy")
    if policy is not None and policy not in PREEMPTION_POLICIES:
        causes.append(not_supported(f"{path}.preemptionPolicy", policy, PREEMPTION_POLICIES))
    if spec.get("overhead"):
        causes += validate_resources({"limits": spec["overhead"]}, f"{path}.overhead")
    causes += _os(spec, path)
    return causes + validate_files_of_variables(spec, path)


def _os(spec: Value, path: str) -> list[Cause]:
    os = spec.get("os")
    if os is None:
        return []
    name = os.get("name") or ""
    if not name:
        return [required(f"{path}.os.name")]
    if name not in ("linux", "windows"):
        return [not_supported(f"{path}.os", name, ("linux", "windows"))]
    return validate_for_system(spec, path)


def _resource_claims(claims: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        where, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            causes.append(required(f"{where}.name"))
        elif name in seen:
            causes.append(duplicate(f"{where}.name", name))
        else:
            causes += malformed(f"{where}.name", name, "dns1123-label")
        seen.add(name)
        given = [word for word in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(word) is not None]
        if len(given) == 2:
            words = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            causes.append(invalid(where, go_value(claim, CLAIM_FIELDS), words))
        elif not given:
            words = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            causes.append(invalid(where, go_value(claim, CLAIM_FIELDS), words))
        for word in given:
            causes += malformed(f"{where}.{word}", claim[word], "dns1123-subdomain")
    return causes


def _host_network(spec: Value, path: str, *, is_pod: bool) -> list[Cause]:
    """On the host's network a container's ports are the node's."""
    if not spec.get("hostNetwork"):
        return []
    causes = []
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            host_port = port.get("hostPort") or 0
            if (is_pod or host_port) and host_port != port.get("containerPort"):
                where = f"{path}.containers[{index}].ports[{number}].hostPort"
                causes.append(invalid(where, host_port, "must match `containerPort` when `hostNetwork` is true"))
    return causes


def _dns_config(config: Value | None, policy: str, path: str) -> list[Cause]:
    if policy == "None":
        if config is None:
            return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
        if not config.get("nameservers"):
            words = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            return [required(f"{path}.nameservers", words)]
    if config is None:
        return []
    causes = []
    servers, searches = config.get("nameservers") or (), config.get("searches") or ()
    if len(servers) > 3:
        causes.append(invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        causes += malformed(f"{path}.nameservers[{index}]", server, "ip")
    if len(searches) > MAX_SEARCHES:
        words = f"must not have more than {MAX_SEARCHES} search paths"
        causes.append(invalid(f"{path}.searches", searches, words))
    if len(" ".join(searches)) > MAX_SEARCH_CHARS:
        words = f"must not have more than {MAX_SEARCH_CHARS} characters (including spaces) in the search list"
        causes.append(invalid(f"{path}.searches", searches, words))
    for index, search in enumerate(searches):
        plain = search.removesuffix(".").replace("_", "a")
        problems = formats.dns1123_subdomain(plain) if search != "." else []
        causes += [invalid(f"{path}.searches[{index}]", search, problem) for problem in problems]
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            causes.append(required(f"{path}.options[{index}]", "must not be empty"))
    return causes


def _host_aliases(aliases: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, alias in enumerate(aliases):
        causes += malformed(f"{path}[{index}].ip", alias.get("ip") or "", "ip")
        for number, name in enumerate(alias.get("hostnames") or ()):
            causes += malformed(f"{path}[{index}].hostnames[{number}]", name, "dns1123-subdomain")
    return causes
