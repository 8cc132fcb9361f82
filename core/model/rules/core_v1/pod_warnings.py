"""What is odd about a pod's spec, though it is valid: fields and labels of the past, names that hide each other.

Kubernetes tells it to who writes a pod or a template of pods; the wording is its own, because tools look for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sampan.core.model import formats, quantity
from sampan.core.model.rules.common.addresses import address_warnings
from sampan.core.model.rules.core_v1.claim_spec import size_warnings
from sampan.core.model.rules.core_v1.path_warnings import overlapping_paths

Value = Mapping[str, Any]

OLD_LABELS: Final = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
OLD_ANNOTATIONS: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
OLD_VOLUMES: Final = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
WRITTEN: Final = {"storageos": "storageOS"}
"""Volumes that the messages spell in their own way."""
SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
USE_SECCOMP: Final = 'non-functional in v1.27+; use the "seccompProfile" field instead'
NO_SELECTOR: Final = "a null labelSelector results in matching no pod"
NEGATIVE_GRACE: Final = "must be >= 0; negative values are invalid and will be treated as 1"
REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
BYTES: Final = ("memory", "ephemeral-storage")


def name_warnings(obj: Value, use: str = "Pod names and hostnames") -> Iterator[str]:
    """Of a name that is no DNS label, though the kind allows it. ``use`` is what it becomes part of."""
    if problems := formats.dns1123_label(obj["metadata"].get("name") or ""):
        said = f"metadata.name: this is used in {use}, which can result in surprising behavior"
        yield f"{said}; a DNS label is recommended: [{' '.join(problems)}]"


def pod_warnings(pod: Value, path: str = "") -> Iterator[str]:
    """Of a pod, or of a template that lies at ``path``."""
    start = f"{path}." if path else ""
    spec, annotations = pod.get("spec") or {}, (pod.get("metadata") or {}).get("annotations") or {}
    where = f"{start}spec"
    yield from _scheduling(spec, where)
    for key, words in OLD_ANNOTATIONS.items():
        if key in annotations:
            yield f"{start}metadata.annotations[{key}]: {words}"
    yield from _volumes(spec.get("volumes") or (), where)
    yield from _repeated(spec.get("hostAliases") or (), f"{where}.hostAliases", "ip")
    secrets = spec.get("imagePullSecrets") or ()
    yield from _repeated(secrets, f"{where}.imagePullSecrets", "name")
    for index, each in enumerate(secrets):
        if not each.get("name"):
            yield f'{where}.imagePullSecrets[{index}].name: invalid empty name ""'
    yield from _fractions(spec.get("overhead") or {}, f"{where}.overhead")
    if SECCOMP_POD in annotations and not (spec.get("securityContext") or {}).get("seccompProfile"):
        yield f"{start}metadata.annotations[{SECCOMP_POD}]: {USE_SECCOMP}"
    containers = list(_containers(spec, where))
    for container, place in containers:
        key = f"{SECCOMP_CONTAINER}{container.get('name') or ''}"
        if key in annotations and not (container.get("securityContext") or {}).get("seccompProfile"):
            yield f"{start}metadata.annotations[{key}]: {USE_SECCOMP}"
        for word in ("limits", "requests"):
            yield from _fractions((container.get("resources") or {}).get(word) or {}, f"{place}.resources.{word}")
        yield from _hidden(container.get("env") or (), f"{place}.env")
    yield from _ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield f"{where}.terminationGracePeriodSeconds: {NEGATIVE_GRACE}"
    yield from _affinity_to_pods(spec.get("affinity") or {}, f"{where}.affinity")
    for index, text in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from address_warnings(text, f"{where}.dnsConfig.nameservers[{index}]")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from address_warnings(alias.get("ip") or "", f"{where}.hostAliases[{index}].ip")


def _containers(spec: Value, where: str) -> Iterator[tuple[Value, str]]:
    for word in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(word) or ()):
            yield container, f"{where}.{word}[{index}]"


def _scheduling(spec: Value, where: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if key in OLD_LABELS:
            yield f"{where}.nodeSelector[{key}]: {OLD_LABELS[key]}"
    affinity, path = (spec.get("affinity") or {}).get("nodeAffinity") or {}, f"{where}.affinity.nodeAffinity"
    for index, term in enumerate((affinity.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from _term(term, f"{path}.{REQUIRED}.nodeSelectorTerms[{index}]")
    for index, wish in enumerate(affinity.get(PREFERRED) or ()):
        yield from _term(wish.get("preference") or {}, f"{path}.{PREFERRED}[{index}].preference", values=True)
    for index, spread in enumerate(spec.get("topologySpreadConstraints") or ()):
        place, key = f"{where}.topologySpreadConstraints[{index}]", spread.get("topologyKey") or ""
        if key in OLD_LABELS:
            yield f"{place}.topologyKey: {key} is {OLD_LABELS[key]}"
        if spread.get("labelSelector") is None:
            yield f"{place}.labelSelector: {NO_SELECTOR}"


def _term(term: Value, path: str, *, values: bool = False) -> Iterator[str]:
    for index, each in enumerate(term.get("matchExpressions") or ()):
        place, key = f"{path}.matchExpressions[{index}]", each.get("key") or ""
        if key in OLD_LABELS:
            yield f"{place}.key: {key} is {OLD_LABELS[key]}"
        for number, text in enumerate(each.get("values") or () if values else ()):
            for problem in formats.label_value(text):
                yield f"{place}.values[{number}]: {text} is invalid, {problem}"


def _affinity_to_pods(affinity: Value, path: str) -> Iterator[str]:
    for word in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(word) or {}
        for index, term in enumerate(part.get(REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{word}.{REQUIRED}[{index}].labelSelector: {NO_SELECTOR}"
        for index, wish in enumerate(part.get(PREFERRED) or ()):
            if (wish.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{word}.{PREFERRED}[{index}].podAffinityTerm.labelSelector: {NO_SELECTOR}"


def _volumes(volumes: Any, where: str) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        place = f"{where}.volumes[{index}]"
        for word, said in OLD_VOLUMES.items():
            if volume.get(word) is not None:
                yield f"{place}.{WRITTEN.get(word, word)}: {said}"
        template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
        if template:
            yield from size_warnings(template.get("spec") or {}, f"{place}.ephemeral.volumeClaimTemplate.spec")
    yield from overlapping_paths(volumes)


def _repeated(items: Any, path: str, word: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = item.get(word) or ""
        if text in seen:
            yield f'{path}[{index}].{word}: duplicate {word} "{text}"'
        seen.add(text)


def _fractions(amounts: Value, path: str) -> Iterator[str]:
    for word in BYTES:
        if word in amounts and quantity.milli(amounts[word]) % 1000:
            text = quantity.canonical(amounts[word])
            yield f'{path}[{word}]: fractional byte value "{text}" is invalid, must be an integer'


def _hidden(variables: Any, path: str) -> Iterator[str]:
    """A variable that is there again and does not build on what it was."""
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name") or "", variable.get("value") or ""
        reference = f"$({name})"
        builds_on = variable.get("valueFrom") is None and value != reference and reference in value
        if name in seen and not builds_on:
            yield f'{path}[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _ports(containers: list[tuple[Value, str]]) -> Iterator[str]:
    numbered = [
        (port, f"{place}.ports[{index}]")
        for container, place in containers
        for index, port in enumerate(container.get("ports") or ())
    ]
    known: dict[tuple[Any, Any], list[tuple[Value, str]]] = {}
    for port, place in numbered:
        if port.get("hostIP") and not port.get("hostPort"):
            yield f"{place}: hostIP set without hostPort: {_as_struct(port)}"
        others = known.setdefault((port.get("containerPort"), port.get("protocol")), [])
        for other, earlier in others:
            if said := _clash(port, other):
                yield f"{place}: {said} port definition with {earlier}"
        others.append((port, place))
    names: dict[str, str] = {}
    for port, place in numbered:
        if (name := port.get("name")) and (first := names.setdefault(name, place)) != place:
            said = f'duplicate port name "{name}" with {first}, services and probes that select ports by name'
            yield f"{place}: {said} will use {first}"


def _clash(port: Value, other: Value) -> str:
    (address, number), (its_address, its_number) = (
        (each.get("hostIP") or "", each.get("hostPort") or 0) for each in (port, other)
    )
    if (address, number) == (its_address, its_number):
        return "duplicate"
    if not number or not its_number:
        return "overlapping"
    return "dangerously ambiguous" if number == its_number and bool(address) != bool(its_address) else ""


def _as_struct(port: Value) -> str:
    """As Go prints one."""
    name, host_ip = port.get("name") or "", port.get("hostIP") or ""
    number, protocol = port.get("containerPort") or 0, port.get("protocol") or ""
    return f"{{Name:{name} HostPort:0 ContainerPort:{number} Protocol:{protocol} HostIP:{host_ip}}}"
