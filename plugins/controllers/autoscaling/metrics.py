"""What one metric of an autoscaler comes to: a number of pods, and what the status shows of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sampan.core.classes import frozen
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.autoscaling_v2.metrics import (
    ContainerResourceMetricSource,
    ContainerResourceMetricStatus,
    ExternalMetricSource,
    ExternalMetricStatus,
    MetricIdentifier,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ObjectMetricSource,
    ObjectMetricStatus,
    PodsMetricSource,
    PodsMetricStatus,
    ResourceMetricSource,
    ResourceMetricStatus,
)
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.meta import Quantity
from sampan.core.model.meta_v1.selector import LabelSelector
from sampan.core.model.quantity import format_number, milli, parse
from sampan.plugins.controllers.autoscaling import replicas
from sampan.plugins.controllers.autoscaling.replicas import Proposal, Tolerance
from sampan.plugins.controllers.autoscaling.samples import NoMetric, Reading
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings


class MetricFailed(Exception):
    """A metric by which nothing can be decided: the word for it, what went wrong, and the same in its context."""

    def __init__(self, reason: str, problem: str, told: str) -> None:
        super().__init__(told)
        self.reason = reason
        self.problem = problem
        self.told = told


@frozen
class Judged:
    """``name`` is what events and conditions call the metric."""

    replicas: int
    name: str
    status: MetricStatus


@frozen(kw_only=True)
class Case:
    """What every metric of an autoscaler is judged by."""

    autoscaler: HorizontalPodAutoscaler
    pods: Sequence[Pod]
    wanted: int
    """As many pods as the target should have now, and as it has."""
    present: int
    settings: AutoscalerSettings
    now: datetime

    @property
    def namespace(self) -> str:
        return self.autoscaler.metadata.namespace or ""

    @property
    def tolerance(self) -> Tolerance:
        behavior = self.autoscaler.spec.behavior
        rules = (behavior.scale_down, behavior.scale_up) if behavior is not None else (None, None)
        usual = self.settings.tolerance
        shares = (
            usual if each is None or each.tolerance is None else float(parse(each.tolerance).number) for each in rules
        )
        return Tolerance(*shares)


def judge(metric: MetricSpec, reading: Reading, case: Case) -> Judged:
    """Raises `MetricFailed`."""
    source, judgement = _source(metric)
    if source is None:
        problem = f'unknown metric source type "{metric.type}"'
        raise MetricFailed("InvalidMetricSourceType", problem, problem)
    return judgement(source, reading, case)


def _source(metric: MetricSpec) -> tuple[object, Callable[..., Judged]]:
    """The source that the type names, and who judges it."""
    sources: Mapping[str, tuple[object, Callable[..., Judged]]] = {
        "Resource": (metric.resource, _resource),
        "ContainerResource": (metric.container_resource, _container_resource),
        "Pods": (metric.pods, _pods),
        "Object": (metric.object, _object),
        "External": (metric.external, _external),
    }
    return sources.get(metric.type, (None, _resource))


def _resource(source: ResourceMetricSource, reading: Reading, case: Case) -> Judged:
    try:
        proposal, current = _of_resource(source.name, "", source.target, reading, case)
    except NoMetric as exc:
        told = f"failed to get {source.name} resource metric value: {exc}"
        raise MetricFailed("FailedGetResourceMetric", str(exc), told) from exc
    kind = "resource utilization (percentage of request)" if proposal.utilization is not None else "resource"
    status = MetricStatus(type="Resource", resource=ResourceMetricStatus(name=source.name, current=current))
    return Judged(proposal.replicas, f"{source.name} {kind}", status)


def _container_resource(source: ContainerResourceMetricSource, reading: Reading, case: Case) -> Judged:
    try:
        proposal, current = _of_resource(source.name, source.container, source.target, reading, case)
    except NoMetric as exc:
        told = f"failed to get {source.container} container metric value: {exc}"
        raise MetricFailed("FailedGetContainerResourceMetric", str(exc), told) from exc
    utilization = "container resource utilization (percentage of request)"
    kind = utilization if proposal.utilization is not None else "resource"
    seen = ContainerResourceMetricStatus(name=source.name, container=source.container, current=current)
    status = MetricStatus(type="ContainerResource", container_resource=seen)
    return Judged(proposal.replicas, f"{source.name} {kind}", status)


def _of_resource(
    resource: str, container: str, target: MetricTarget, reading: Reading, case: Case
) -> tuple[Proposal, MetricValueStatus]:
    tried = "usage" if target.average_value is not None else "utilization"
    try:
        if reading.problem:
            raise NoMetric(f"unable to get metrics for resource {resource}: {reading.problem}")
        if target.average_value is not None:
            aim = milli(target.average_value)
            proposal = replicas.by_average(
                case.pods, reading.pods, case.wanted, aim, case.tolerance, resource, case.settings, case.now
            )
        else:
            proposal = replicas.by_utilization(
                case.pods, reading.pods, case.wanted, target.average_utilization or 0,
                case.tolerance, resource, container, case.settings, case.now,
            )  # fmt: skip
    except NoMetric as exc:
        raise NoMetric(f"failed to get {resource} {tried}: {exc}") from exc
    used = _quantity(proposal.usage, binary=resource == "memory")
    return proposal, MetricValueStatus(average_value=used, average_utilization=proposal.utilization)


def _pods(source: PodsMetricSource, reading: Reading, case: Case) -> Judged:
    name = source.metric.name
    try:
        if reading.problem:
            raise NoMetric(f"unable to get metric {name}: {reading.problem}")
        aim = milli(source.target.average_value or 0)
        proposal = replicas.by_average(
            case.pods, reading.pods, case.wanted, aim, case.tolerance, "", case.settings, case.now
        )
    except NoMetric as exc:
        raise MetricFailed("FailedGetPodsMetric", str(exc), f"failed to get pods metric value: {exc}") from exc
    current = MetricValueStatus(average_value=_quantity(proposal.usage))
    status = MetricStatus(type="Pods", pods=PodsMetricStatus(metric=source.metric, current=current))
    return Judged(proposal.replicas, f"pods metric {name}", status)


def _object(source: ObjectMetricSource, reading: Reading, case: Case) -> Judged:
    name, of = source.metric.name, source.described_object
    each = source.target.type == "AverageValue"
    try:
        if reading.problem:
            where = f"{of.kind} {case.namespace}/{of.name}"
            raise NoMetric(f"unable to get metric {name}: {reading.problem} on {where}")
        proposal, current = _of_whole(source.target, each, reading, case)
    except NoMetric as exc:
        within = f"failed to get {name} object metric: {exc}" if each else str(exc)
        raise MetricFailed("FailedGetObjectMetric", str(exc), f"failed to get object metric value: {within}") from exc
    seen = ObjectMetricStatus(metric=source.metric, described_object=of, current=current)
    called = _external_name(source.metric) if each else f"{of.kind} metric {name}"
    return Judged(proposal.replicas, called, MetricStatus(type="Object", object=seen))


def _external(source: ExternalMetricSource, reading: Reading, case: Case) -> Judged:
    name = source.metric.name
    each = source.target.average_value is not None
    try:
        if reading.problem:
            asked = f"{case.namespace}/{name}/{go_selector(source.metric.selector)}"
            raise NoMetric(f"unable to get external metric {asked}: {reading.problem}")
        proposal, current = _of_whole(source.target, each, reading, case)
    except NoMetric as exc:
        within = f"{name} external metric" if each else f"external metric {name}"
        told = f"failed to get {name} external metric value: failed to get {within}: {exc}"
        raise MetricFailed("FailedGetExternalMetric", str(exc), told) from exc
    status = MetricStatus(type="External", external=ExternalMetricStatus(metric=source.metric, current=current))
    return Judged(proposal.replicas, _external_name(source.metric), status)


def _of_whole(target: MetricTarget, each: bool, reading: Reading, case: Case) -> tuple[Proposal, MetricValueStatus]:
    """A metric that is one number, against a value for the whole or for each pod."""
    usage = sum(reading.values)
    if each:
        aim = milli(target.average_value or 0)
        proposal = replicas.by_value_per_pod(usage, case.present, aim, case.tolerance)
        return proposal, MetricValueStatus(average_value=_quantity(proposal.usage))
    proposal = replicas.by_value(case.pods, usage, case.wanted, milli(target.value or 0), case.tolerance)
    return proposal, MetricValueStatus(value=_quantity(proposal.usage))


def _external_name(metric: MetricIdentifier) -> str:
    return f"external metric {metric.name}({go_selector(metric.selector)})"


def _quantity(thousandths: int, *, binary: bool = False) -> Quantity:
    return format_number(Decimal(thousandths) / 1000, "binary" if binary else "decimal")


def go_selector(selector: LabelSelector | None) -> str:
    """A selector as Kubernetes' messages have it."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.match_labels.items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{each.key},Operator:{each.operator},Values:[{' '.join(each.values)}],}},"
        for each in selector.match_expressions
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
