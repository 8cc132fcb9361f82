"""When a container may be started again: restart policies and the crash loop's back-off. Pure functions.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import Container
from sampan.core.model.core_v1.container import Container as ContainerSpec
from sampan.core.model.core_v1.container import ContainerRestartRule

FIRST_DELAY = 10.0
LONGEST_DELAY = 300.0
FORGOTTEN_AFTER = 600.0
"""Seconds of running after which a container's crashes are forgotten."""


@frozen
class BackOff:
    """How long to wait, in seconds, after the end that follows the start at ``started``."""

    delay: float
    started: datetime


def next_back_off(known: BackOff | None, now: datetime, ended: datetime | None = None) -> BackOff:
    """The back-off that holds once a thing that ended (or failed) at ``ended`` is started again ``now``."""
    if known is None or _ran_long(known, ended or now):
        return BackOff(FIRST_DELAY, now)
    return BackOff(min(known.delay * 2, LONGEST_DELAY), now)


def waits_until(known: BackOff | None, ended: datetime, now: datetime) -> datetime | None:
    """When a container that ended at ``ended`` may start again; ``None``: at once.

    The first end costs nothing, then 10 s, 20 s, 40 s … up to five minutes, until it has run for ten minutes.
    """
    if known is None or _ran_long(known, ended):
        return None
    due = ended + timedelta(seconds=known.delay)
    return due if due > now else None


def _ran_long(known: BackOff, ended: datetime) -> bool:
    return (ended - known.started).total_seconds() > FORGOTTEN_AFTER


def restarts(spec: ContainerSpec, policy: str, ended: Container) -> bool:
    """Whether a container that has ended is to run again. ``policy`` is the pod's; the container's own wins."""
    return restarts_after(spec, policy, -1 if ended.exit_code is None else ended.exit_code)


def restarts_after(spec: ContainerSpec, policy: str, code: int) -> bool:
    """The same by the exit code alone."""
    if (rule := matching_rule(spec, code)) is not None:
        return rule.action in ("Restart", "RestartAllContainers")
    policy = spec.restart_policy or policy
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def matching_rule(spec: ContainerSpec, code: int) -> ContainerRestartRule | None:
    """The first of the container's own rules that speaks of this exit code."""
    for rule in spec.restart_policy_rules:
        if rule.exit_codes is not None and _applies(rule.exit_codes.operator, rule.exit_codes.values, code):
            return rule
    return None


def _applies(operator: str, values: Sequence[int], code: int) -> bool:
    return (code in values) == (operator == "In")
