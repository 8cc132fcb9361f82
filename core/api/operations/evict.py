"""An eviction: a pod's deletion, unless its disruption budget has none to give.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/. The eviction itself goes through admission; the
deletion that it leads to does not. Budgets are read from the cache; the count is taken from one before anybody else can.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import attrs

from sampan.core.api.operations.delete import check_preconditions, delete
from sampan.core.api.operations.pipeline import Call, Pipeline
from sampan.core.api.operations.update import rewrite
from sampan.core.api.options import DeleteOptions
from sampan.core.errors import Cause, Forbidden, TooManyRequests, Unclassified
from sampan.core.model.labels import matches_selector
from sampan.core.schema.scalars import format_time
from sampan.core.store.entry import Entry

BUDGETS: Final = "poddisruptionbudgets.policy"
MOST_DISRUPTED: Final = 2000
BUSY_SECONDS: Final = 10
REFUSED: Final = "Cannot evict pod as it would violate the pod's disruption budget."
SEVERAL: Final = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."

Wire = Mapping[str, Any]


async def evict(pipeline: Pipeline, call: Call, options: DeleteOptions) -> None:
    """``call`` names the pod. Raises `TooManyRequests` where its budget refuses."""
    pod = await pipeline.current(call)
    if not is_beyond_budgets(pod.wire):
        await _ask_budget(pipeline, call, pod.wire, dry_run=options.dry_run)
    own = attrs.evolve(call, subresource="")
    if not options.dry_run:
        options = await _mark(pipeline, own, options)
    await delete(pipeline, own, options, admitted=True)


def is_beyond_budgets(pod: Wire) -> bool:
    """Pods that are not there yet, or not any more, count for no budget."""
    ended = pod.get("status", {}).get("phase") in ("Pending", "Succeeded", "Failed")
    return ended or bool(pod["metadata"].get("deletionTimestamp"))


async def _mark(pipeline: Pipeline, call: Call, options: DeleteOptions) -> DeleteOptions:
    """Have the pod say why it goes; a precondition on its version then means the version of that."""

    def marked(old: Entry) -> dict[str, Any]:
        check_preconditions(call, old, options)
        return _with_condition(old.wire, format_time(pipeline.clock()))

    entry = await rewrite(pipeline, call, marked)
    if options.resource_version is None:
        return options
    return attrs.evolve(options, resource_version=str(entry.revision))


def _with_condition(pod: Wire, now: str) -> dict[str, Any]:
    wanted = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    status = dict(pod.get("status") or {})
    conditions = list(status.get("conditions") or ())
    before = next((each for each in conditions if each.get("type") == wanted["type"]), None)
    if before is not None and before.get("status") == "True":
        wanted["lastTransitionTime"] = before.get("lastTransitionTime")
    status["conditions"] = [*(each for each in conditions if each is not before), wanted]
    return {**pod, "status": status}


async def _ask_budget(pipeline: Pipeline, call: Call, pod: Wire, *, dry_run: bool) -> None:
    served = pipeline.catalog.of_resource(BUDGETS)
    if served is None:
        return
    meta = pod["metadata"]
    found = [
        budget
        for budget in pipeline.reader.list(BUDGETS, meta["namespace"])
        if (selector := budget.get("spec", {}).get("selector")) is not None
        and matches_selector(selector, meta.get("labels") or {})
    ]
    if len(found) > 1:
        raise Unclassified(SEVERAL)
    if found and not (not _is_ready(pod) and lets_unready_go(found[0])):
        asked = attrs.evolve(call, served=served, name=found[0]["metadata"]["name"], subresource="status")
        now = format_time(pipeline.clock())
        await rewrite(pipeline, asked, partial(_counted, meta["name"], now), dry_run=dry_run)


def _is_ready(pod: Wire) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def lets_unready_go(budget: Wire) -> bool:
    """A pod that serves nobody may go, where the budget says so or has all it needs without it."""
    if budget.get("spec", {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _counted(pod: str, now: str, old: Entry) -> dict[str, Any]:
    """The budget with one disruption less to give. Raises `TooManyRequests` and `Forbidden`."""
    budget = old.wire
    check_allows(budget)
    status = dict(budget["status"])
    status["disruptionsAllowed"] -= 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod: now}
    return {**budget, "status": status}


def check_allows(budget: Wire) -> None:
    """In Kubernetes' words."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        said = f"The disruption budget {name} is still being processed by the server."
        raise TooManyRequests(REFUSED, causes=[Cause("DisruptionBudget", said, "")], retry_after=BUSY_SECONDS)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > MOST_DISRUPTED:
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if not allowed:
        raise TooManyRequests(REFUSED, causes=[Cause("DisruptionBudget", _why_not(name, status), "")])


def _forbidden(name: str, said: str) -> Forbidden:
    resource = "poddisruptionbudget"
    return Forbidden(f'{resource}.policy "{name}" is forbidden: {said}', kind=resource, group="policy", name=name)


def _why_not(name: str, status: Wire) -> str:
    conditions = status.get("conditions") or ()
    condition: Wire = next((each for each in conditions if each.get("type") == "DisruptionAllowed"), {})
    message = condition.get("message") if condition.get("status") == "False" else ""
    begin = f"The disruption budget {name}"
    if message and condition.get("reason") == "SyncFailed":
        return f"{begin} does not allow evicting pods currently because it failed sync: {message}"
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if healthy <= desired:
        return f"{begin} needs {desired} healthy pods and has {healthy} currently"
    if message:
        return f"{begin} does not allow evicting pods currently ({condition.get('reason')}): {message}"
    return f"{begin} does not allow evicting pods currently"
