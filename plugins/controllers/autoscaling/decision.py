"""What to do about one autoscaler, out of what was seen. Pure.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import attrs

from sampan.core.classes import frozen
from sampan.core.contracts.plan import Action, Emit, Plan, Rescale, Update
from sampan.core.model.autoscaling_v1.scale import Scale
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerStatus,
)
from sampan.core.model.autoscaling_v2.metrics import MetricStatus
from sampan.core.model.kinds import KubeObject
from sampan.core.model.meta import evolve
from sampan.plugins.controllers.autoscaling import behavior
from sampan.plugins.controllers.autoscaling.behavior import History, Wish
from sampan.plugins.controllers.autoscaling.metrics import Case, Judged, MetricFailed, judge
from sampan.plugins.controllers.autoscaling.samples import Seen
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings

ABLE, ACTIVE, LIMITED = "AbleToScale", "ScalingActive", "ScalingLimited"


@frozen
class Target:
    """What is scaled, as a number."""

    kind: type[KubeObject]
    scale: Scale

    @property
    def replicas(self) -> int:
        return self.scale.spec.replicas


@frozen
class Decision:
    """``scaled_to`` is the number that the plan writes; ``None``: it stays."""

    plan: Plan
    history: History
    scaled_to: int | None = None


@frozen
class BadSelector:
    """Why a target's pods cannot be told: for the event, and for the condition."""

    event: str
    reason: str
    error: str
    message: str


def least(autoscaler: HorizontalPodAutoscaler) -> int:
    return 1 if autoscaler.spec.min_replicas is None else autoscaler.spec.min_replicas


def needs_metrics(autoscaler: HorizontalPodAutoscaler, replicas: int) -> bool:
    """Whether the bounds, or that it is switched off, do not decide alone."""
    return replicas != 0 and least(autoscaler) <= replicas <= autoscaler.spec.max_replicas


class Deciding:
    """One decision on its way: the conditions as they become, and the events to be told."""

    def __init__(
        self, autoscaler: HorizontalPodAutoscaler, history: History, settings: AutoscalerSettings, now: datetime
    ) -> None:
        self.autoscaler = autoscaler
        self.history = history
        self.settings = settings
        self.now = now
        self.conditions = {each.type: each for each in autoscaler.status.conditions}
        self.events: list[Emit] = []

    # What may come of it

    def without_target(self, problem: str) -> Decision:
        """The target cannot be read."""
        self._warn("FailedGetScale", problem)
        message = f"the HPA controller was unable to get the target's current scale: {problem}"
        self._set(ABLE, False, "FailedGetScale", message)
        status = evolve(self.autoscaler.status, conditions=tuple(self.conditions.values()))
        return self._decided(self._write(status))

    def with_target(self, target: Target, seen: Seen | BadSelector) -> Decision:
        self._set(ABLE, True, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
        current = target.replicas
        if not self.history.advice:
            self.history = self.history.advised(current, self.now)
        if current == 0:
            words = "scaling is disabled since the replica count of the target is zero"
            self._set(ACTIVE, False, "ScalingDisabled", words)
            return self._decided(self._write(self._status(current, current)))
        if current > self.autoscaler.spec.max_replicas:
            reason = "Current number of replicas above Spec.MaxReplicas"
            return self._rescale(target, self.autoscaler.spec.max_replicas, reason)
        if current < least(self.autoscaler):
            return self._rescale(target, least(self.autoscaler), "Current number of replicas below Spec.MinReplicas")
        if isinstance(seen, BadSelector):
            self._warn(seen.event, seen.error)
            self._set(ACTIVE, False, seen.reason, seen.message)
            return self._gives_up(current, (), seen.error)
        return self._by_metrics(target, seen)

    def _by_metrics(self, target: Target, seen: Seen) -> Decision:
        current = target.replicas
        case = Case(
            autoscaler=self.autoscaler, pods=seen.pods, wanted=current, present=target.scale.status.replicas,
            settings=self.settings, now=self.now,
        )  # fmt: skip
        statuses: list[MetricStatus] = []
        judged: list[Judged] = []
        failures: list[MetricFailed] = []
        for metric, reading in zip(self.autoscaler.spec.metrics, seen.readings, strict=True):
            try:
                judged.append(judge(metric, reading, case))
                statuses.append(judged[-1].status)
            except MetricFailed as failed:
                self._warn(failed.reason, failed.problem)
                failures.append(failed)
                statuses.append(MetricStatus(type=""))
        most = max(judged, key=lambda each: each.replicas, default=None)
        if most is None or (failures and most.replicas < current):
            # What is not known might ask for more: it must not shrink.
            return self._metrics_missing(current, statuses, failures)
        found = f"the HPA was able to successfully calculate a replica count from {most.name}"
        self._set(ACTIVE, True, "ValidMetricFound", found)
        bounded = self._held_back(current, most.replicas)
        if bounded == current:
            return self._decided(self._write(self._status(current, current, statuses)))
        return self._rescale(target, bounded, _why(most, current), statuses)

    def _metrics_missing(
        self, current: int, statuses: Sequence[MetricStatus], failures: Sequence[MetricFailed]
    ) -> Decision:
        first = failures[0]
        self._set(ACTIVE, False, first.reason, f"the HPA was unable to compute the replica count: {first.problem}")
        words = f"invalid metrics ({len(failures)} invalid out of {len(statuses)}), first error is: {first.told}"
        return self._gives_up(current, statuses, words)

    def _gives_up(self, current: int, statuses: Sequence[MetricStatus], problem: str) -> Decision:
        self._warn("FailedComputeMetricsReplicas", problem)
        return self._decided(self._write(self._status(current, self.autoscaler.status.desired_replicas, statuses)))

    def _held_back(self, current: int, wanted: int) -> int:
        """What the past, the policies and the bounds leave of a wish."""
        spec, now, past = self.autoscaler.spec, self.now, self.history
        window = self.settings.downscale_stabilization
        wish = Wish(current=current, wanted=wanted, least=least(self.autoscaler), most=spec.max_replicas)
        if spec.behavior is None:
            steady = behavior.stabilize(wish, past, window, now)
            bounded = behavior.bound(attrs.evolve(wish, wanted=steady.replicas))
        else:
            up, down = behavior.rules_of(spec.behavior, window)
            steady = behavior.stabilize_by(wish, past, up, down, now)
            bounded = behavior.bound_by(attrs.evolve(wish, wanted=steady.replicas), past, up, down, now)
        self.history = past.advised(wanted, now)
        self._set(ABLE, True, steady.reason, steady.message)
        self._set(LIMITED, bounded.replicas != steady.replicas, bounded.reason, bounded.message)
        return bounded.replicas

    # Writing

    def _rescale(self, target: Target, replicas: int, reason: str, statuses: Sequence[MetricStatus] = ()) -> Decision:
        current = target.replicas
        wanted = evolve(target.scale, spec=evolve(target.scale.spec, replicas=replicas))
        before = tuple(self.conditions.values())
        message = f"the HPA controller was able to update the target scale to {replicas}"
        self._set(ABLE, True, "SucceededRescale", message)
        said = f"New size: {replicas}; reason: {reason}"
        done = Emit(regarding=self.autoscaler, reason="SuccessfulRescale", message=said)
        status = evolve(self._status(current, replicas, statuses), last_scale_time=self.now.replace(microsecond=0))
        failed = Emit(
            regarding=self.autoscaler, reason="FailedRescale", message=f"{said}; error: {{error}}", type="Warning"
        )
        unscaled = evolve(self._status(current, self.autoscaler.status.desired_replicas, statuses), conditions=before)
        plan = Plan(
            actions=(*self.events, Rescale(kind=target.kind, scale=wanted, then=done), *self._write(status)),
            requeue_after=self.settings.sync_period,
            on_error=failed,
            on_failure=lambda error: self._not_scaled(unscaled, error),
        )
        return Decision(plan, self.history, replicas)

    def _not_scaled(self, status: HorizontalPodAutoscalerStatus, error: Exception) -> tuple[Action, ...]:
        self.conditions = {each.type: each for each in status.conditions}
        message = f"the HPA controller was unable to update the target scale: {error}"
        self._set(ABLE, False, "FailedUpdateScale", message)
        return self._write(evolve(status, conditions=tuple(self.conditions.values())))

    def _status(
        self, current: int, desired: int, statuses: Sequence[MetricStatus] = ()
    ) -> HorizontalPodAutoscalerStatus:
        return HorizontalPodAutoscalerStatus(
            current_replicas=current,
            desired_replicas=desired,
            last_scale_time=self.autoscaler.status.last_scale_time,
            current_metrics=tuple(statuses),
            conditions=tuple(self.conditions.values()),
        )

    def _write(self, status: HorizontalPodAutoscalerStatus) -> tuple[Action, ...]:
        if status == self.autoscaler.status:
            return ()
        return (Update(obj=evolve(self.autoscaler, status=status), subresource="status"),)

    def _decided(self, actions: Iterable[Action]) -> Decision:
        plan = Plan(actions=(*self.events, *actions), requeue_after=self.settings.sync_period)
        return Decision(plan, self.history)

    def _set(self, type: str, holds: bool, reason: str, message: str) -> None:
        old = self.conditions.get(type)
        since = self.now.replace(microsecond=0)
        if old is not None and old.status == str(holds):
            since = old.last_transition_time or since
        self.conditions[type] = HorizontalPodAutoscalerCondition(
            type=type, status=str(holds), last_transition_time=since, reason=reason, message=message
        )

    def _warn(self, reason: str, message: str) -> None:
        self.events.append(Emit(regarding=self.autoscaler, reason=reason, message=message, type="Warning"))


def _why(most: Judged, current: int) -> str:
    """Empty where only the advice of the past has it change."""
    if most.replicas > current:
        return f"{most.name} above target"
    return "All metrics below target" if most.replicas < current else ""
