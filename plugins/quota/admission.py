"""The admission plugin ResourceQuota: nothing is made or enlarged beyond what a quota of its namespace leaves.

What is used is counted from the objects themselves, and what other requests are just about to store is counted with it:
between the count and the reservation nothing else runs, so that however many come at once, the quota holds. It runs last,
when all else about the object is settled. On the API server's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sampan.core.classes import frozen
from sampan.core.contracts.access import AdmissionRequest
from sampan.core.model.quantity import parse
from sampan.plugins.admission.base import Quiet, forbid
from sampan.plugins.quota.usage import Usage, add, counts, shown, unspecified, usage_of

QUOTAS: Final = "resourcequotas"
PATIENCE: Final = timedelta(seconds=10)
"""How long a write may take to be seen, or to fail, until its reservation is given up."""

Wire = Mapping[str, Any]


@frozen
class Reservation:
    """What a request that has been admitted is about to store."""

    resource: str
    name: str
    obj: Wire
    replaces: str
    """The resourceVersion of what it replaces; empty for a new object."""
    until: datetime


class QuotaAdmission(Quiet):
    name = "ResourceQuota"
    order = 10_000

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._reserved: dict[str, list[Reservation]] = {}
        """By namespace."""

    async def validate(self, request: AdmissionRequest) -> None:
        if request.operation not in ("CREATE", "UPDATE") or request.obj is None or not request.info.namespaced:
            return
        is_resize = request.info.resource == "pods" and request.subresource == "resize"
        if request.subresource and not is_resize:
            return
        quotas = [
            each for each in request.reader.list(QUOTAS, request.namespace) if (each.get("spec") or {}).get("hard")
        ]
        if not quotas:
            return
        resource, new = request.info.resource, request.obj
        self._forget(request)
        for quota in sorted(quotas, key=lambda each: str(each["metadata"]["name"])):
            self._check(request, quota, resource, new)
        if not request.dry_run:
            version = (request.old or {}).get("metadata", {}).get("resourceVersion", "")
            reservation = Reservation(resource, request.name, new, version, self._clock() + PATIENCE)
            self._reserved.setdefault(request.namespace, []).append(reservation)

    def _check(self, request: AdmissionRequest, quota: Wire, resource: str, new: Wire) -> None:
        if not counts(quota, resource, new):
            return
        hard = quota["spec"]["hard"]
        if resource == "pods" and request.operation == "CREATE" and (missing := unspecified(quota, new)):
            said = "; ".join(f"{name} for: {','.join(lacking)}" for name, lacking in missing.items())
            raise forbid(request, f"failed quota: {quota['metadata']['name']}: must specify {said}")
        wanted = usage_of(resource, new)
        if request.old is not None and counts(quota, resource, request.old):
            before = usage_of(resource, request.old)
            wanted = {name: number - before.get(name, Decimal(0)) for name, number in wanted.items()}
        wanted = {name: number for name, number in wanted.items() if number > 0 and name in hard}
        if not wanted:
            return
        used = self._used(request, quota, resource)
        over = [name for name in sorted(wanted) if used.get(name, Decimal(0)) + wanted[name] > parse(hard[name]).number]
        if over:
            raise forbid(request, _exceeded(quota, wanted, used, over))

    def _used(self, request: AdmissionRequest, quota: Wire, resource: str) -> Usage:
        """Now, with what is about to be stored."""
        used: Usage = {}
        pending = {each.name: each for each in self._reserved.get(request.namespace, ()) if each.resource == resource}
        for obj in request.reader.list(resource, request.namespace):
            name = obj["metadata"]["name"]
            obj = pending.pop(name).obj if name in pending else obj
            if counts(quota, resource, obj):
                used = add(used, usage_of(resource, obj))
        for each in pending.values():
            if counts(quota, resource, each.obj):
                used = add(used, usage_of(resource, each.obj))
        return used

    def _forget(self, request: AdmissionRequest) -> None:
        """Reservations whose objects are seen, or were given up."""
        now = self._clock()

        def stands(each: Reservation) -> bool:
            if each.until < now:
                return False
            present = request.reader.get(each.resource, request.namespace, each.name)
            version = "" if present is None else present["metadata"].get("resourceVersion", "")
            return version == each.replaces

        left = [each for each in self._reserved.get(request.namespace, ()) if stands(each)]
        if left:
            self._reserved[request.namespace] = left
        else:
            self._reserved.pop(request.namespace, None)


def _exceeded(quota: Wire, wanted: Usage, used: Usage, over: Iterable[str]) -> str:
    hard = quota["spec"]["hard"]
    names = list(over)

    def listed(amounts: Mapping[str, Decimal]) -> str:
        return ",".join(f"{name}={shown(amounts.get(name, Decimal(0)), hard[name])}" for name in names)

    limited = ",".join(f"{name}={hard[name]}" for name in names)
    begin = f"exceeded quota: {quota['metadata']['name']}"
    return f"{begin}, requested: {listed(wanted)}, used: {listed(used)}, limited: {limited}"
