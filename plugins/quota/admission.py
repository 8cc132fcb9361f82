"""The admission plugin ResourceQuota: nothing is made or enlarged beyond what a quota of its namespace leaves.

What is used is counted from the objects themselves, and what other requests are just about to store is counted with it:
between the count and the reservation nothing else runs, so that however many come at once, the quota holds. Where other
servers use the same store, all of them reserve in one note. It runs last, when all else about the object is settled. On the
API server's loop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sampan.core.contracts.access import AdmissionRequest, SharedNotes
from sampan.core.errors import ApiError
from sampan.core.model.quantity import parse
from sampan.plugins.admission.base import Quiet, forbid
from sampan.plugins.quota.reservations import Reservation, read, written
from sampan.plugins.quota.usage import Usage, add, counts, shown, unspecified, usage_of

QUOTAS: Final = "resourcequotas"
PATIENCE: Final = timedelta(seconds=10)
"""How long a write may take; after that its reservation is given up, as that of a server which has ended."""

Wire = Mapping[str, Any]


class QuotaAdmission(Quiet):
    name = "ResourceQuota"
    order = 10_000

    def __init__(self, clock: Callable[[], datetime], notes: SharedNotes | None = None) -> None:
        self._clock = clock
        self._notes = notes
        self._reserved: dict[str, list[Reservation]] = {}
        """By namespace; where others use the store, too, a note to them has it instead."""

    async def validate(self, request: AdmissionRequest) -> None:
        if request.operation not in ("CREATE", "UPDATE") or request.obj is None or not request.info.namespaced:
            return
        is_resize = request.info.resource == "pods" and request.subresource == "resize"
        if (request.subresource and not is_resize) or not _quotas(request):
            return
        mine: list[Reservation] = []

        def reserve(reserved: list[Reservation]) -> list[Reservation]:
            mine[:] = self._reservation(request, reserved)
            return reserved if request.dry_run else [*reserved, *mine]

        async def give_back() -> None:
            with contextlib.suppress(ApiError):  # it ends by itself, too
                await self._change(request.namespace, lambda reserved: [each for each in reserved if each not in mine])

        await self._change(request.namespace, reserve)
        if mine and not request.dry_run:
            request.after.append(give_back)

    async def _change(self, namespace: str, alter: Callable[[list[Reservation]], list[Reservation]]) -> None:
        """Change the reservations that stand; where ``alter`` raises, none of them."""
        if self._notes is not None:
            await self._notes.change(f"quota/{namespace}", lambda note: written(alter(self._standing(read(note)))))
        elif left := alter(self._standing(self._reserved.get(namespace, ()))):
            self._reserved[namespace] = left
        else:
            self._reserved.pop(namespace, None)

    def _standing(self, reserved: Iterable[Reservation]) -> list[Reservation]:
        now = self._clock()
        return [each for each in reserved if each.until >= now]

    def _reservation(self, request: AdmissionRequest, reserved: Iterable[Reservation]) -> list[Reservation]:
        """The request's, where a quota counts its object. Raises `Forbidden`."""
        resource, new = request.info.resource, request.obj
        assert new is not None
        quotas = _quotas(request)
        for quota in quotas:
            self._check(request, quota, resource, new, reserved)
        used = usage_of(resource, new)
        concerned = (each for each in quotas if counts(each, resource, new) and not used.keys().isdisjoint(_hard(each)))
        usage = {each["metadata"]["name"]: used for each in concerned}
        return [Reservation(resource, request.name, self._clock() + PATIENCE, usage)] if usage else []

    def _check(
        self,
        request: AdmissionRequest,
        quota: Wire,
        resource: str,
        new: Wire,
        reserved: Iterable[Reservation],
    ) -> None:
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
        used = self._used(request, quota, resource, reserved)
        over = [name for name in sorted(wanted) if used.get(name, Decimal(0)) + wanted[name] > parse(hard[name]).number]
        if over:
            raise forbid(request, _exceeded(quota, wanted, used, over))

    def _used(self, request: AdmissionRequest, quota: Wire, resource: str, reserved: Iterable[Reservation]) -> Usage:
        """Now, with what is about to be stored."""
        name = quota["metadata"]["name"]
        used: Usage = {}
        pending = {each.name: each for each in reserved if each.resource == resource}
        for obj in request.reader.list(resource, request.namespace):
            if obj["metadata"]["name"] not in pending and counts(quota, resource, obj):
                used = add(used, usage_of(resource, obj))
        for each in pending.values():
            used = add(used, each.usage.get(name, {}))
        return used


def _quotas(request: AdmissionRequest) -> list[Wire]:
    """Those that bound something, by name."""
    found = (each for each in request.reader.list(QUOTAS, request.namespace) if _hard(each))
    return sorted(found, key=lambda each: str(each["metadata"]["name"]))


def _hard(quota: Wire) -> Wire:
    return (quota.get("spec") or {}).get("hard") or {}


def _exceeded(quota: Wire, wanted: Usage, used: Usage, over: Iterable[str]) -> str:
    hard = quota["spec"]["hard"]
    names = list(over)

    def listed(amounts: Mapping[str, Decimal]) -> str:
        return ",".join(f"{name}={shown(amounts.get(name, Decimal(0)), hard[name])}" for name in names)

    limited = ",".join(f"{name}={hard[name]}" for name in names)
    begin = f"exceeded quota: {quota['metadata']['name']}"
    return f"{begin}, requested: {listed(wanted)}, used: {listed(used)}, limited: {limited}"
