"""What a Job does, in a Job of its own or in a CronJob's template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model.causes import invalid, negative, not_supported, required, too_long
from sampan.core.model.kinds import JsonObject
from sampan.core.model.rules.batch_v1.job_policies import validate_failure_policy, validate_success_policy
from sampan.core.model.rules.common.domain_path import validate_domain_path
from sampan.core.model.rules.core_v1.pod_defaults import default_template
from sampan.core.model.rules.core_v1.pod_spec import validate_template

Value = Mapping[str, Any]

MODES: Final = ("NonIndexed", "Indexed")
REPLACEMENTS: Final = ("Failed", "TerminatingOrFailed")
MANY: Final = 100_000
"""Above this, an indexed Job's list of indexes could grow too long."""
FEW: Final = 10_000
INDEXED_ONLY: Final = "requires indexed completion mode"
LONGEST_MANAGER: Final = 63
NO_BOUND: Final = 2**31 - 1
NUMBERS: Final = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip


def default_job_spec(spec: JsonObject) -> None:
    """A Job's own defaults: those in a CronJob's template come when the Job is made."""
    for word, default in (("completionMode", "NonIndexed"), ("suspend", False), ("manualSelector", False)):
        if spec.get(word) is None:
            spec[word] = default
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    if spec.get("parallelism") is None:
        spec["parallelism"] = 1
    if spec.get("backoffLimit") is None:
        spec["backoffLimit"] = 6 if spec.get("backoffLimitPerIndex") is None else NO_BOUND
    if spec.get("podReplacementPolicy") is None:
        spec["podReplacementPolicy"] = "TerminatingOrFailed" if spec.get("podFailurePolicy") is None else "Failed"
    default_job_template(spec)


def default_job_template(spec: JsonObject) -> None:
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for condition in rule.get("onPodConditions") or ():
            condition["status"] = condition.get("status") or "True"
    default_template(spec.get("template"))


def validate_job_spec(spec: Value, path: str) -> list[Cause]:
    causes = [cause for word in NUMBERS for cause in negative(f"{path}.{word}", spec.get(word))]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        causes.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if (manager := spec.get("managedBy")) is not None:
        causes += validate_domain_path(manager, f"{path}.managedBy")
        if len(manager.encode()) > LONGEST_MANAGER:
            causes.append(too_long(f"{path}.managedBy", LONGEST_MANAGER))
    causes += _mode(spec, path) + _policies(spec, path)
    return causes + validate_template(spec.get("template") or {}, f"{path}.template") + _restart(spec, path)


def _mode(spec: Value, path: str) -> list[Cause]:
    mode = spec.get("completionMode")
    causes = [] if mode in (None, *MODES) else [not_supported(f"{path}.completionMode", mode, MODES)]
    if mode == "Indexed":
        return causes + _indexed(spec, path)
    if mode in (None, "NonIndexed"):
        for word in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(word) is not None:
                causes.append(invalid(f"{path}.{word}", spec[word], INDEXED_ONLY))
    return causes


def _indexed(spec: Value, path: str) -> list[Cause]:
    completions, parallel, failures = (spec.get(word) for word in ("completions", "parallelism", "maxFailedIndexes"))
    causes = []
    if completions is None:
        causes.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if parallel is not None and parallel > MANY:
        words = f"must be less than or equal to {MANY} when completion mode is Indexed"
        causes.append(invalid(f"{path}.parallelism", parallel, words))
    if completions is not None and failures is not None and failures > completions:
        causes.append(invalid(f"{path}.maxFailedIndexes", failures, "must be less than or equal to completions"))
    if failures is not None and failures > MANY:
        causes.append(invalid(f"{path}.maxFailedIndexes", failures, f"must be less than or equal to {MANY}"))
    if completions is not None and completions > MANY and spec.get("backoffLimitPerIndex") is not None:
        causes += _huge(parallel, failures, path)
    return causes


def _huge(parallel: int | None, failures: int | None, path: str) -> list[Cause]:
    """So many indexes that few may fail or run at a time."""
    words = (
        f"must be less than or equal to {FEW} when completions are above {MANY} and used with backoff limit per index"
    )
    causes = []
    if failures is None:
        causes.append(required(f"{path}.maxFailedIndexes", f"must be specified when completions is above {MANY}"))
    if parallel is not None and parallel > FEW:
        causes.append(invalid(f"{path}.parallelism", parallel, words))
    if failures is not None and failures > FEW:
        causes.append(invalid(f"{path}.maxFailedIndexes", failures, words))
    return causes


def _policies(spec: Value, path: str) -> list[Cause]:
    causes: list[Cause] = []
    failure, success, replacement = (
        spec.get(word) for word in ("podFailurePolicy", "successPolicy", "podReplacementPolicy")
    )
    if failure is not None:
        causes += validate_failure_policy(spec, f"{path}.podFailurePolicy")
    if success is not None and spec.get("completionMode") != "Indexed":
        causes.append(invalid(f"{path}.successPolicy", _as_kept(success), INDEXED_ONLY))
    elif success is not None:
        causes += validate_success_policy(spec, f"{path}.successPolicy")
    known = REPLACEMENTS if failure is None else ("Failed",)
    if replacement is not None and replacement not in known:
        causes.append(not_supported(f"{path}.podReplacementPolicy", replacement, known))
    return causes


def _as_kept(success: Value) -> Value:
    """The policy under the names that Kubernetes' messages use."""
    rules = success.get("rules")
    shown = [
        {"SucceededIndexes": rule.get("succeededIndexes"), "SucceededCount": rule.get("succeededCount")}
        for rule in rules or ()
    ]
    return {"Rules": shown if rules else None}


def _restart(spec: Value, path: str) -> list[Cause]:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy") or ""
    where = f"{path}.template.spec.restartPolicy"
    if policy in ("", "Always"):
        return [required(where, 'valid values: "OnFailure", "Never"')]
    if policy not in ("OnFailure", "Never"):
        return [not_supported(where, policy, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and policy != "Never":
        return [invalid(where, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    return []
