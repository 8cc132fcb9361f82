"""``eviction``: a delete that a pod's disruption budgets may refuse (kubectl drain).

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/. Budgets are read from the cache where their kind is
served; taking from a budget is its controller's part, which counts pods that are being deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

from sampan.core.api.catalog import Served
from sampan.core.api.operations.delete import delete
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.operations.update import rewrite
from sampan.core.api.options import delete_options, write_options
from sampan.core.api.request import Request
from sampan.core.api.subresources.binding import CREATE
from sampan.core.api.subresources.bodies import created, read_object
from sampan.core.api.subresources.contract import Plain
from sampan.core.errors import Cause, TooManyRequests
from sampan.core.model.labels import matches_selector
from sampan.core.model.policy_v1.eviction import Eviction
from sampan.core.schema.resource import resource_of
from sampan.core.schema.scalars import format_time
from sampan.core.store.entry import Entry

EVICTION = resource_of(Eviction)
BUDGETS = "poddisruptionbudgets.policy"


@attrs.define(eq=False)
class EvictionSubresource(Plain):
    pipeline: Pipeline

    def belongs(self, served: Served) -> bool:
        return "eviction" in served.info.subresources

    def verbs(self, served: Served) -> frozenset[str]:
        return CREATE

    def body_kind(self, served: Served) -> tuple[str, str, str]:
        return ("policy", "v1", "Eviction")

    async def serve(self, request: Request, call: Call) -> None:
        options = write_options(request.query, "CreateOptions")
        wanted = await read_object(request, call, EVICTION, options.field_validation)
        pod = await self.pipeline.current(call)
        deletion = delete_options(request.query, wanted.get("deleteOptions") or {})
        deletion = attrs.evolve(deletion, dry_run=deletion.dry_run or options.dry_run)
        await self._ask_budgets(call, pod.wire, dry_run=deletion.dry_run)
        await delete(self.pipeline, attrs.evolve(call, subresource=""), deletion)
        await request.answer(created(), 201)

    async def _ask_budgets(self, call: Call, pod: Mapping[str, Any], *, dry_run: bool) -> None:
        """Count the eviction in the budget that covers the pod, before anybody else can.

        Raises `TooManyRequests` where it allows no disruption. Pods that do not run yet count for none.
        """
        meta = pod["metadata"]
        if pod.get("status", {}).get("phase") in ("Pending", "Succeeded", "Failed") or meta.get("deletionTimestamp"):
            return
        served = self.pipeline.catalog.of_resource(BUDGETS)
        labels = meta.get("labels") or {}
        for budget in self.pipeline.reader.list(BUDGETS, meta["namespace"]) if served is not None else ():
            selector = budget.get("spec", {}).get("selector")
            if served is not None and selector is not None and matches_selector(selector, labels):
                asked = attrs.evolve(call, served=served, name=budget["metadata"]["name"], subresource="status")
                await rewrite(self.pipeline, asked, partial(self._counted, meta["name"]), dry_run=dry_run)

    def _counted(self, pod: str, old: Entry) -> dict[str, Any]:
        """The budget with one disruption less to give. Raises `TooManyRequests`."""
        budget = old.wire
        if not allows(budget):
            said = f"The disruption budget {budget['metadata']['name']} needs more healthy pods to allow this"
            cause = Cause("DisruptionBudget", said, "")
            raise TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", causes=[cause])
        status = dict(budget["status"])
        status["disruptionsAllowed"] -= 1
        status["disruptedPods"] = {**status.get("disruptedPods", {}), pod: format_time(self.pipeline.clock())}
        return {**budget, "status": status}


def allows(budget: Mapping[str, Any]) -> bool:
    status = budget.get("status", {})
    seen = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return bool(seen and status.get("disruptionsAllowed", 0) > 0)
