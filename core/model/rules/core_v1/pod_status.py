"""Checks on a pod's status, in Kubernetes' order (`ValidatePodStatusUpdate`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import (
    changed,
    duplicate,
    forbidden,
    internal,
    invalid,
    malformed,
    not_supported,
    required,
    too_long,
)
from sampan.core.model.kinds import JsonObject

Value = Mapping[str, Any]

SYSTEM_CONDITIONS: Final = frozenset({"PodScheduled", "Ready", "Initialized"})
NOT_NEGATIVE: Final = "must be a non-negative integer"
BOUND: Final = "may not be set on pods that are already bound to a node"
ENDED: Final = "may not be transitioned to non-terminated state"
ONE_EACH: Final = "may specify no more than one IP for each IP family"
STATUSES: Final = {
    "containerStatuses": "containers",
    "initContainerStatuses": "initContainers",
    "ephemeralContainerStatuses": "ephemeralContainers",
}
HEALTH: Final = ("Healthy", "Unhealthy", "Unknown")
MAX_HEALTH_MESSAGE: Final = 1024
NO_REQUEST: Final = "must match one of the container's resource requests"
NO_CLAIM: Final = (
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
    "'claim:<claimName>' if request is empty"
)


def agree_on_addresses(status: JsonObject) -> None:
    """``podIP`` is the first of ``podIPs``, and decides where they differ."""
    first, all_of_them = status.get("podIP"), status.get("podIPs")
    if first and (not all_of_them or all_of_them[0].get("ip") != first):
        status["podIPs"] = [{"ip": first}]
    elif all_of_them and not first and all_of_them[0].get("ip"):
        status["podIP"] = all_of_them[0]["ip"]


def keep_observed(status: JsonObject, before: Value) -> None:
    """Generations that a writer who knows nothing of them leaves out stay, for each type in the order of its conditions."""
    if not status.get("observedGeneration") and before.get("observedGeneration"):
        status["observedGeneration"] = before["observedGeneration"]
    known: dict[str, list[int]] = {}
    for condition in before.get("conditions") or ():
        known.setdefault(condition.get("type") or "", []).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or ():
        generations = known.get(condition.get("type") or "")
        generation = generations.pop(0) if generations else 0
        if generation and not condition.get("observedGeneration"):
            condition["observedGeneration"] = generation


def validate_pod_status(pod: Value, old: Value) -> list[Cause]:
    spec, before_spec = pod.get("spec") or {}, old.get("spec") or {}
    status, before = pod.get("status") or {}, old.get("status") or {}
    causes = _conditions(status.get("conditions") or (), "status.conditions")
    causes += _nominated(status, before, bound=bool(before_spec.get("nodeName")))
    if (generation := status.get("observedGeneration") or 0) < 0:
        causes.append(invalid("status.observedGeneration", generation, NOT_NEGATIVE))
    causes += changed("status.qosClass", status.get("qosClass"), before.get("qosClass"))
    for word in STATUSES:
        causes += _restarts(status.get(word) or (), before.get(word) or (), before_spec, word)
    causes += _claims(status.get("resourceClaimStatuses") or (), spec.get("resourceClaims") or ())
    causes += _addresses(status, before)
    for word in STATUSES:
        causes += _users(status.get(word) or (), spec, f"status.{word}")
    for word in STATUSES:
        causes += _allocated(status.get(word) or (), spec.get(STATUSES[word]) or (), word)
    return causes


def _conditions(conditions: Sequence[Value], path: str) -> list[Cause]:
    causes = []
    for index, condition in enumerate(conditions):
        kind, generation = condition.get("type") or "", condition.get("observedGeneration") or 0
        if generation < 0:
            causes.append(invalid(f"{path}[{index}].observedGeneration", generation, NOT_NEGATIVE))
        if kind not in SYSTEM_CONDITIONS:
            causes += malformed(f"{path}[{index}].Type", kind, "qualified-name")
    return causes


def _nominated(status: Value, before: Value, *, bound: bool) -> list[Cause]:
    node, path = status.get("nominatedNodeName"), "status.nominatedNodeName"
    if not node or node == before.get("nominatedNodeName"):
        return []
    return malformed(path, node, "dns1123-subdomain") + ([forbidden(path, BOUND)] if bound else [])


def _restarts(new: Sequence[Value], old: Sequence[Value], spec: Value, word: str) -> list[Cause]:
    """A container that has ended for good may not run again."""
    lasting = word == "ephemeralContainerStatuses"
    if not lasting and _all_may_restart(spec):
        return []
    containers = {each.get("name"): each for each in spec.get(STATUSES[word]) or ()}
    now = {each.get("name"): each for each in reversed(new)}
    causes = []
    for index, each in enumerate(old):
        name, ended = each.get("name"), (each.get("state") or {}).get("terminated")
        if ended is None or name not in now or (now[name].get("state") or {}).get("terminated") is not None:
            continue
        if lasting or name not in containers or not _may_restart(containers[name], spec, ended.get("exitCode") or 0):
            causes.append(forbidden(f"status.{word}[{index}].state", ENDED))
    return causes


def _all_may_restart(spec: Value) -> bool:
    return any(
        rule.get("action") == "RestartAllContainers"
        for word in ("initContainers", "containers")
        for container in spec.get(word) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _may_restart(container: Value, spec: Value, code: int) -> bool:
    """By the first rule for how it ended, else by its own policy, else by its pod's."""
    policy = container.get("restartPolicy")
    for rule in container.get("restartPolicyRules") or () if policy is not None else ():
        codes = rule.get("exitCodes") or {}
        if (codes.get("operator") == "In") == (code in (codes.get("values") or ())) and codes:
            return True
    policy = policy or spec.get("restartPolicy")
    return code != 0 if policy == "OnFailure" else policy != "Never"


def _claims(statuses: Sequence[Value], claims: Sequence[Value]) -> list[Cause]:
    known, seen, causes = {claim.get("name") for claim in claims}, set[str](), []
    for index, status in enumerate(statuses):
        where, name = f"status.resourceClaimStatuses[{index}]", status.get("name") or ""
        if name not in known:
            words = "must match the name of an entry in `spec.resourceClaims`"
            causes.append(invalid(f"{where}.name", name, words))
        if name in seen:
            causes.append(duplicate(f"{where}.name", name))
        seen.add(name)
        if status.get("resourceClaimName") is not None:
            causes += malformed(f"{where}.resourceClaimName", status["resourceClaimName"], "dns1123-subdomain")
    return causes


def _addresses(status: Value, before: Value) -> list[Cause]:
    hosts = status.get("hostIPs") or ()
    causes = _of_each_family(status, before, "podIPs")
    if hosts and (hosts[0].get("ip") or "") != (status.get("hostIP") or ""):
        causes.append(invalid("status.hostIPs[0].ip", hosts[0].get("ip") or "", "must be equal to `hostIP`"))
    return causes + _of_each_family(status, before, "hostIPs")


def _of_each_family(status: Value, before: Value, word: str) -> list[Cause]:
    """Addresses that there were already may be as they were."""
    path, known = f"status.{word}", [each.get("ip") for each in before.get(word) or ()]
    addresses = [each.get("ip") or "" for each in status.get(word) or ()]
    causes = [
        cause
        for index, address in enumerate(addresses)
        if address not in known
        for cause in malformed(f"{path}[{index}]", address, "ip")
    ]
    if len(addresses) < 2:
        return causes
    wrong = next((index for index, address in enumerate(addresses) if formats.problems_of("ip", address)), None)
    if wrong is not None:
        said = f"failed to check for dual stack with error:invalid IP[{wrong}]: {addresses[wrong]}"
        causes.append(internal(path, said))
    elif len({ip_address(address).version for address in addresses}) == len(addresses):
        return causes
    return [*causes, invalid(path, [{"IP": address} for address in addresses], ONE_EACH)]


def _users(statuses: Sequence[Value], spec: Value, path: str) -> list[Cause]:
    causes = []
    windows = (spec.get("os") or {}).get("name") == "windows"
    for index, status in enumerate(statuses):
        user, where = (status.get("user") or {}).get("linux"), f"{path}[{index}].user.linux"
        if user is None:
            continue
        if windows:
            causes.append(forbidden(where, "cannot be set for a windows pod"))
            continue
        ids = [(f"{where}.{word}", user.get(word) or 0) for word in ("uid", "gid")]
        groups = user.get("supplementalGroups") or ()
        ids += [(f"{where}.supplementalGroups[{number}]", group) for number, group in enumerate(groups)]
        causes += [invalid(place, number, problem) for place, number in ids for problem in formats.user_id(number)]
    return causes


def _allocated(statuses: Sequence[Value], containers: Sequence[Value], word: str) -> list[Cause]:
    by_name, causes = {each.get("name"): each for each in containers}, []
    for index, status in enumerate(statuses):
        where = f"status.{word}[{index}].allocatedResourcesStatus"
        given = status.get("allocatedResourcesStatus") or ()
        if given and word == "ephemeralContainerStatuses":
            causes.append(forbidden(where, "must not be specified in container status"))
            continue
        container = by_name.get(status.get("name"))
        for number, each in enumerate(given):
            if container is not None:
                causes += _is_asked_for(each.get("name") or "", container, f"{where}[{number}].name")
            causes += _health(each.get("resources") or (), f"{where}[{number}].resources")
    return causes


def _is_asked_for(name: str, container: Value, path: str) -> list[Cause]:
    resources = container.get("resources") or {}
    if not name.startswith("claim:"):
        return [] if name in (resources.get("requests") or {}) else [invalid(path, name, NO_REQUEST)]
    claims = resources.get("claims") or ()
    asked = {"/".join(filter(None, (claim.get("name"), claim.get("request")))) for claim in claims}
    return [] if name.removeprefix("claim:") in asked else [invalid(path, name, NO_CLAIM)]


def _health(resources: Sequence[Value], path: str) -> Iterator[Cause]:
    seen = set[str]()
    for index, resource in enumerate(resources):
        where, message, name = f"{path}[{index}]", resource.get("message"), resource.get("resourceID") or ""
        if resource.get("health") not in HEALTH:
            yield not_supported(f"{where}.health", resource.get("health") or "", HEALTH)
        if message == "":
            yield required(f"{where}.message", "must be non-empty if specified")
        elif message is not None and len(message.encode()) > MAX_HEALTH_MESSAGE:
            yield too_long(f"{where}.message", MAX_HEALTH_MESSAGE)
        if name in seen:
            yield duplicate(f"{where}.resourceID", name)
        seen.add(name)
