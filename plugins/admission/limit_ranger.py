"""LimitRanger: what containers do not say about their resources is filled in, and what is out of bounds refused.

https://kubernetes.io/docs/concepts/policy/limit-range/. Pods are looked at when they are made or resized, claims also
when they are changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from decimal import Decimal
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest
from sampan.core.model.quantity import format_number, parse
from sampan.plugins.admission.base import Quiet, forbid, is_new_pod

RESOURCE: Final = "limitranges"
ANNOTATION: Final = "kubernetes.io/limit-ranger"

Wire = Mapping[str, Any]
Amounts = Mapping[str, Any]


class LimitRanger(Quiet):
    name = "LimitRanger"
    order = 60
    exact = True

    async def mutate(self, request: AdmissionRequest) -> None:
        if not is_new_pod(request) or request.obj is None:
            return
        for limit_range in _ranges(request):
            said = fill_in(request.obj, limit_range)
            if said:
                annotations = request.obj.setdefault("metadata", {}).setdefault("annotations", {})
                annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(said)}"

    async def validate(self, request: AdmissionRequest) -> None:
        if request.obj is None:
            return
        if is_new_pod(request) or (request.info.resource == "pods" and request.subresource == "resize"):
            check: Callable[[Wire, Wire], Iterator[str]] = _pod_problems
        elif request.info.resource == "persistentvolumeclaims" and not request.subresource:
            check = _claim_problems
        else:
            return
        for limit_range in _ranges(request):
            items = limit_range.get("spec", {}).get("limits") or ()
            problems = [problem for item in items for problem in check(request.obj, item)]
            if problems:
                raise forbid(request, problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _ranges(request: AdmissionRequest) -> Iterable[Wire]:
    return request.reader.list(RESOURCE, request.namespace)


def fill_in(pod: MutableMapping[str, Any], limit_range: Wire) -> list[str]:
    """Give containers the defaults that they lack; what was set, in Kubernetes' words."""
    defaults: dict[str, dict[str, Any]] = {"requests": {}, "limits": {}}
    for item in limit_range.get("spec", {}).get("limits") or ():
        if item.get("type") == "Container":
            defaults["requests"] |= item.get("defaultRequest") or {}
            defaults["limits"] |= item.get("default") or {}
    said: list[str] = []
    for field, word in (("containers", "container"), ("initContainers", "init container")):
        for container in pod.get("spec", {}).get(field) or ():
            for sort in ("requests", "limits"):
                present = (container.get("resources") or {}).get(sort) or {}
                missing = {name: amount for name, amount in defaults[sort].items() if name not in present}
                if missing:
                    container["resources"] = {**(container.get("resources") or {}), sort: {**present, **missing}}
                    said.append(f"{', '.join(sorted(missing))} {sort[:-1]} for {word} {container.get('name', '')}")
    return said


def _pod_problems(pod: Wire, item: Wire) -> Iterator[str]:
    spec = pod.get("spec") or {}
    if item.get("type") == "Container":
        for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
            resources = container.get("resources") or {}
            yield from _problems(item, "Container", resources.get("requests") or {}, resources.get("limits") or {})
    elif item.get("type") == "Pod":
        yield from _problems(item, "Pod", _of_pod(spec, "requests"), _of_pod(spec, "limits"))


def _claim_problems(claim: Wire, item: Wire) -> Iterator[str]:
    if item.get("type") != "PersistentVolumeClaim":
        return
    request = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    for name, bound in sorted((item.get("min") or {}).items()):
        if name in request and _number(request[name]) < _number(bound):
            said = f"minimum {name} usage per PersistentVolumeClaim is {bound}, but request is {request[name]}"
            yield said
    for name, bound in sorted((item.get("max") or {}).items()):
        if name in request and _number(request[name]) > _number(bound):
            said = f"maximum {name} usage per PersistentVolumeClaim is {bound}, but request is {request[name]}"
            yield said


def _of_pod(spec: Wire, sort: str) -> Amounts:
    """All containers together, or the largest init container. A limit counts where every container has one."""
    containers = [(each.get("resources") or {}).get(sort) or {} for each in spec.get("containers") or ()]
    names = {name for each in containers for name in each}
    if sort == "limits":
        names = {name for name in names if all(name in each for each in containers)}
    total = {name: sum((_number(each.get(name, 0)) for each in containers), Decimal(0)) for name in names}
    for each in spec.get("initContainers") or ():
        for name, amount in ((each.get("resources") or {}).get(sort) or {}).items():
            total[name] = max(total.get(name, Decimal(0)), _number(amount))
    families = {name: parse(each[name]).family for each in containers for name in each}
    return {name: format_number(number, families.get(name, "decimal")) for name, number in total.items()}


def _problems(item: Wire, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, bound in sorted((item.get("min") or {}).items()):
        yield from _minimum(kind, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted((item.get("max") or {}).items()):
        yield from _maximum(kind, name, bound, requests.get(name), limits.get(name))
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(kind, name, bound, requests.get(name), limits.get(name))


def _minimum(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    begin = f"minimum {name} usage per {kind} is {bound}"
    if request is None:
        yield f"{begin}.  No request is specified"
    elif _number(request) < _number(bound):
        yield f"{begin}, but request is {request}"
    elif limit is not None and _number(limit) < _number(bound):
        yield f"{begin}, but limit is {limit}"


def _maximum(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    begin = f"maximum {name} usage per {kind} is {bound}"
    if limit is None:
        yield f"{begin}.  No limit is specified"
    elif _number(limit) > _number(bound):
        yield f"{begin}, but limit is {limit}"
    elif request is not None and _number(request) > _number(bound):
        yield f"{begin}, but request is {request}"


def _ratio(kind: str, name: str, bound: Any, request: Any, limit: Any) -> Iterator[str]:
    begin = f"{name} max limit to request ratio per {kind} is {bound}"
    if request is None or not _number(request):
        yield f"{begin}, but no request is specified or request is 0"
    elif limit is None or not _number(limit):
        yield f"{begin}, but no limit is specified or limit is 0"
    elif (ratio := _number(limit) / _number(request)) > _number(bound):
        yield f"{begin}, but provided ratio is {ratio:.6f}"


def _number(amount: Any) -> Decimal:
    return parse(amount).number
