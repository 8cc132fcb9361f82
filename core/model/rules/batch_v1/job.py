"""Job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import changed, invalid, required
from sampan.core.model.kinds import JsonObject, KindRules
from sampan.core.model.labels import matches_selector
from sampan.core.model.rules.batch_v1.job_spec import default_job_spec, validate_job_spec
from sampan.core.model.rules.batch_v1.job_status import validate_job_status
from sampan.core.model.rules.common.selectors import validate_selector
from sampan.core.model.rules.common.workloads import MISMATCH
from sampan.core.model.rules.core_v1.pod_warnings import name_warnings, pod_warnings

Value = Mapping[str, Any]

UID_LABEL: Final = "batch.kubernetes.io/controller-uid"
NAME_LABELS: Final = ("job-name", "batch.kubernetes.io/job-name")
UID_LABELS: Final = ("controller-uid", UID_LABEL)
FIXED: Final = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
SCHEDULING: Final = ("nodeSelector", "tolerations", "schedulingGates")
MANY_INDEXES: Final = 100_000
MANY_AT_ONCE: Final = 10_000
TOO_MANY: Final = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might"
    " not be able to track completedIndexes when a big number of indexes fail"
)


class JobRules(KindRules):
    revalidates_metadata = 1

    def default(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        default_job_spec(spec)
        labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
        if labels and not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = labels  # the very same: what is added to them is added to both

    def prepare_create(self, obj: JsonObject) -> None:
        """Labels that no other pods have, and a selector of them, unless the client does without."""
        spec, meta = obj.get("spec"), obj["metadata"]
        if spec is None or spec.get("manualSelector"):
            return
        template = spec.setdefault("template", {}).setdefault("metadata", {})
        own = dict.fromkeys(NAME_LABELS, meta.get("name") or "") | dict.fromkeys(UID_LABELS, meta.get("uid") or "")
        labels = template.setdefault("labels", {})
        if meta.get("labels") == labels:
            meta["labels"] = labels  # defaulted from them, and maybe copied since
        labels.update(own | labels)
        if not meta.get("labels"):
            meta["labels"] = labels
        selector = spec.setdefault("selector", {})
        selector["matchLabels"] = {UID_LABEL: meta.get("uid") or ""} | (selector.get("matchLabels") or {})

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        spec, meta = obj.get("spec") or {}, obj["metadata"]
        return _generated(spec, meta) + validate_job_spec(spec, "spec") + _selection(spec) + _last_host(spec, meta)

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        if subresource == "status":
            return validate_job_status(obj, old)
        spec = obj["spec"]
        return [
            *self.validate_create(obj),
            *validate_job_spec(spec, "spec"),
            *_selection(spec),
            *_changes(spec, old),
        ]

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return name_warnings(obj)

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        return job_warnings(obj.get("spec") or {}, "spec")


def job_warnings(spec: Value, path: str) -> Iterable[str]:
    completions, parallelism = spec.get("completions") or 0, spec.get("parallelism") or 0
    if spec.get("completionMode") == "Indexed" and completions > MANY_INDEXES and parallelism > MANY_AT_ONCE:
        yield f"{path}: {TOO_MANY}"
    yield from pod_warnings(spec.get("template") or {}, f"{path}.template")


def successes_of(job: Value) -> str:
    """The field ``status.successful`` of older versions, by which lists can still be narrowed."""
    return str((job.get("status") or {}).get("succeeded") or 0)


def _selection(spec: Value) -> list[Cause]:
    selector, labels = spec.get("selector"), _template_labels(spec)
    if selector is None:  # which matches nothing
        return [required("spec.selector"), invalid("spec.template.metadata.labels", labels, MISMATCH)]
    found = list(validate_selector(selector, "spec.selector"))
    if not found and not matches_selector(selector, labels or {}):
        return [invalid("spec.template.metadata.labels", labels, MISMATCH)]
    return found


def _template_labels(spec: Value) -> Value | None:
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels")


def _last_host(spec: Value, meta: Value) -> list[Cause]:
    """An Indexed Job's pods have host names with their index behind."""
    if spec.get("completionMode") != "Indexed" or (spec.get("completions") or 0) < 1:
        return []
    name = meta.get("name") or ""
    host = f"{name}-{spec['completions'] - 1}"
    words = f"will not able to create pod with invalid DNS label: {host}"
    return [invalid("metadata.name", name, words)] if formats.dns1123_label(host) else []


def _generated(spec: Value, meta: Value) -> list[Cause]:
    """The labels and the selector that the server made are still the Job's own."""
    selector, labels = spec.get("selector"), _template_labels(spec) or {}
    if spec.get("manualSelector") or selector is None:
        return []
    uid, name = meta.get("uid") or "", meta.get("name") or ""
    wanted = {UID_LABELS[0]: uid, NAME_LABELS[0]: name, UID_LABELS[1]: uid, NAME_LABELS[1]: name}
    causes = []
    for key, value in wanted.items():
        where = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            causes.append(required(where, f"must be '{value}'"))
        elif labels[key] != value:
            causes.append(invalid(where, labels, f"must be '{value}'"))
    if not validate_selector(selector, "") and not matches_selector(selector, wanted):
        causes.append(invalid("spec.selector", selector, "`selector` not auto-generated"))
    return causes


def _changes(spec: Value, old: Value) -> list[Cause]:
    """What the Job is about stays; how many pods it has at a time, and whether it goes on, may change."""
    before, status = old["spec"], old.get("status") or {}
    causes = _completions(spec, before) + changed("spec.selector", spec.get("selector"), before.get("selector"))
    wanted = spec.get("template") or {}
    if _rests(before, status):
        template = _sized_as(_scheduled_as(before["template"], wanted), wanted)
        causes += changed("spec.template.spec", wanted.get("spec"), template.get("spec"))
    else:
        causes += changed("spec.template", wanted, before["template"])
    return causes + [cause for word in FIXED for cause in changed(f"spec.{word}", spec.get(word), before.get(word))]


def _rests(spec: Value, status: Value) -> bool:
    """Whether the Job is suspended and has no pods: what they will ask for is free until it goes on."""
    conditions = status.get("conditions") or ()
    suspended = any(each.get("type") == "Suspended" and each.get("status") == "True" for each in conditions)
    return bool(spec.get("suspend")) and (not status.get("startTime") or suspended) and not status.get("active")


def _completions(spec: Value, before: Value) -> list[Cause]:
    new, path = spec.get("completions"), "spec.completions"
    if spec.get("completionMode") != "Indexed":
        return changed(path, new, before.get("completions"))
    if new in (None, before.get("completions")) or new == spec.get("parallelism"):
        return []
    return [invalid(path, new, "can only be modified in tandem with spec.parallelism")]


def _scheduled_as(template: Value, wanted: Value) -> Value:
    """The old template with the new one's say on where pods run: free until the Job has started."""
    pod, new = dict(template.get("spec") or {}), wanted.get("spec") or {}
    for word in SCHEDULING:
        _take(pod, new, word)
    affinity, node = dict(pod.get("affinity") or {}), (new.get("affinity") or {}).get("nodeAffinity")
    affinity.pop("nodeAffinity", None)
    affinity |= {} if node is None else {"nodeAffinity": node}
    if affinity or "affinity" in new:
        pod["affinity"] = affinity
    else:
        pod.pop("affinity", None)
    meta = dict(template.get("metadata") or {})
    for word in ("labels", "annotations"):
        _take(meta, wanted.get("metadata") or {}, word)
    return {**template, "metadata": meta, "spec": pod}


def _sized_as(template: Value, wanted: Value) -> Value:
    """The old template with the new one's resources, container by container."""
    pod, new = dict(template.get("spec") or {}), wanted.get("spec") or {}
    for word in ("containers", "initContainers"):
        old_list, new_list = pod.get(word) or [], new.get(word) or []
        if old_list and len(old_list) == len(new_list):
            pod[word] = [
                {**each, "resources": other.get("resources")} if each.get("name") == other.get("name") else each
                for each, other in zip(old_list, new_list, strict=True)
            ]
    return {**template, "spec": pod}


def _take(target: JsonObject, source: Value, word: str) -> None:
    if word in source:
        target[word] = source[word]
    else:
        target.pop(word, None)
