"""What a Job's status may say, whoever writes it: its controller, or that of ``managedBy`` (KEP 4368)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import duplicate, invalid, invalid_part, negative, required
from sampan.core.model.rules.batch_v1.indexes import intervals, overlap

Value = Mapping[str, Any]

CONDITIONS: Final = "status.conditions"
TERMINAL: Final = ("Failed", "Complete", "FailureTarget")
CONTRADICTIONS: Final = (
    ("Complete", "Failed", "cannot set Complete=True and Failed=true conditions"),
    ("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions"),
    ("SuccessCriteriaMet", "Failed", "cannot set SuccessCriteriaMet=True and Failed=true conditions"),
    ("SuccessCriteriaMet", "FailureTarget", "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"),
)


def validate_job_status(job: Value, old: Value) -> list[Cause]:
    spec, status, before = job.get("spec") or {}, job.get("status") or {}, old.get("status") or {}
    words = ("active", "succeeded", "failed", "ready", "terminating")
    causes = [cause for word in words for cause in negative(f"status.{word}", status.get(word))]
    causes += _uncounted(status.get("uncountedTerminatedPods") or {})
    true, were_true = _true(status), _true(before)
    causes += [invalid_part(CONDITIONS, words) for left, right, words in CONTRADICTIONS if {left, right} <= true]
    if true != were_true or _times(status) != _times(before):
        causes += _conditions(true) + _completion(status, true)
    causes += _finished(status, true, spec) if true & {"Complete", "Failed"} else []
    causes += _index_lists(spec, status, before)
    ready = status.get("ready")
    if ready is not None and ready > (status.get("active") or 0):
        causes.append(invalid("status.ready", ready, "cannot set more ready pods than active"))
    return causes + _steps(spec, status, before)


def _true(status: Value) -> set[str]:
    return {each.get("type") or "" for each in status.get("conditions") or () if each.get("status") == "True"}


def _times(status: Value) -> tuple[Any, Any]:
    return status.get("startTime"), status.get("completionTime")


def _uncounted(pods: Value) -> list[Cause]:
    causes, seen = [], set()
    for word in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(word) or ()):
            path = f"status.uncountedTerminatedPods.{word}[{index}]"
            if not uid:
                causes.append(invalid(path, uid, "must not be empty"))
            elif uid in seen:
                causes.append(duplicate(path, uid))
            seen.add(uid)
    return causes


def _conditions(true: set[str]) -> list[Cause]:
    """The end of a Job is told before it has come: `FailureTarget` and `SuccessCriteriaMet`."""
    causes = []
    if "Failed" in true and "FailureTarget" not in true:
        words = "cannot set Failed=True condition without the FailureTarget=true condition"
        causes.append(invalid_part(CONDITIONS, words))
    if "Complete" in true and "SuccessCriteriaMet" not in true:
        words = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        causes.append(invalid_part(CONDITIONS, words))
    return causes


def _completion(status: Value, true: set[str]) -> list[Cause]:
    path, (start, end) = "status.completionTime", _times(status)
    causes = []
    if end and "Complete" not in true:
        words = "cannot set completionTime when there is no Complete=True condition"
        causes.append(invalid(path, end, words))
    if not end and "Complete" in true:
        causes.append(required(path, "completionTime is required for Complete jobs"))
    if start and end and end < start:
        causes.append(invalid(path, end, "must be equal to or after `startTime`"))
    return causes


def _finished(status: Value, true: set[str], spec: Value) -> list[Cause]:
    """Nothing runs any more, and every pod is counted."""
    causes = []
    for word in ("active", "terminating"):
        if (status.get(word) or 0) > 0:
            causes.append(invalid(f"status.{word}", status[word], f"{word}>0 is invalid for finished job"))
    if not status.get("startTime") and not (spec.get("suspend") and spec.get("completions") == 0):
        causes.append(required("status.startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    if pods.get("failed") or pods.get("succeeded"):
        causes.append(invalid("status.uncountedTerminatedPods", pods, "must be empty for finished job"))
    return causes


def _index_lists(spec: Value, status: Value, before: Value) -> list[Cause]:
    words = ("completedIndexes", "failedIndexes")
    if all(status.get(word) == before.get(word) for word in words):
        return []
    completions, causes = spec.get("completions"), []
    found: list[list[tuple[int, int]]] = []
    for word in words:
        try:
            found.append(intervals(status.get(word) or "", completions) if completions is not None else [])
        except ValueError as error:
            causes.append(invalid(f"status.{word}", status.get(word), f"error parsing {word}: {error}"))
    if status.get("completedIndexes") and spec.get("completionMode") != "Indexed":
        words_for_it = "cannot set non-empty completedIndexes when non-indexed completion mode"
        causes.append(invalid("status.completedIndexes", status["completedIndexes"], words_for_it))
    failed = status.get("failedIndexes")
    if failed is not None and spec.get("backoffLimitPerIndex") is None:
        words_for_it = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        causes.append(invalid("status.failedIndexes", failed, words_for_it))
    shared = overlap(*found) if len(found) == 2 else None
    if shared is not None:
        words_for_it = f"failedIndexes and completedIndexes overlap at index: {shared}"
        causes.append(invalid("status.failedIndexes", failed, words_for_it))
    return causes


def _steps(spec: Value, status: Value, before: Value) -> list[Cause]:
    """What has happened cannot be taken back."""
    true, were_true = _true(status), _true(before)
    causes = [
        invalid_part(CONDITIONS, f"cannot disable the terminal {each}=True condition")
        for each in TERMINAL
        if each in were_true and each not in true
    ]
    for word in ("failed", "succeeded"):
        elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
        if (status.get(word) or 0) < (before.get(word) or 0) and not (word == "succeeded" and elastic):
            causes.append(invalid(f"status.{word}", status.get(word) or 0, f"cannot decrease the {word} counter"))
    (start, end), (old_start, old_end) = _times(status), _times(before)
    if end and old_end and end != old_end:
        causes.append(invalid("status.completionTime", end, "field is immutable"))
    resumed = "Suspended" in were_true and "Suspended" not in true
    if old_start and start != old_start and not resumed and not spec.get("suspend"):
        causes.append(invalid("status.startTime", start, "field is immutable for unsuspended job once set"))
    if "SuccessCriteriaMet" in were_true - true:
        causes.append(invalid_part(CONDITIONS, "cannot disable the SuccessCriteriaMet=True condition"))
    return causes
