"""What an autoscaler's decision needs and no cache holds: the target's scale, and the metrics. Read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from sampan.core.contracts.metrics import Amount, MetricsProvider
from sampan.core.contracts.plan import Reads
from sampan.core.errors import ApiError
from sampan.core.model.autoscaling_v2.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from sampan.core.model.autoscaling_v2.metrics import MetricIdentifier, MetricSpec
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.kinds import KubeObject
from sampan.core.model.labels import wire_selector
from sampan.core.model.quantity import milli
from sampan.core.schema.codec import to_wire
from sampan.plugins.controllers.autoscaling.decision import Target
from sampan.plugins.controllers.autoscaling.providers import AskedProvider
from sampan.plugins.controllers.autoscaling.samples import Reading, Sample, of_resource
from sampan.plugins.controllers.referred_kinds import NoTarget
from sampan.plugins.metrics.kinds import PodMetrics

RESOURCE_API = "unable to fetch metrics from resource metrics API"
CUSTOM_API = "unable to fetch metrics from custom metrics API"
EXTERNAL_API = "unable to fetch metrics from external metrics API"

T = TypeVar("T")


async def read_target(reads: Reads, kinds: Sequence[type[KubeObject]], namespace: str, name: str) -> Target:
    """The first of the kinds that shows a scale. Raises `NoTarget`."""
    problems: list[str] = []
    for kind in kinds:
        try:
            return Target(kind, await reads.get_scale(kind, namespace, name))
        except ApiError as error:
            problems.append(error.message)
    raise NoTarget(problems[0] if problems else "unrecognized resource")


class MetricsReader:
    """Reads each metric of an autoscaler; what cannot be read is told in the reading."""

    def __init__(self, providers: Sequence[AskedProvider]) -> None:
        self._providers = providers

    async def read(
        self, reads: Reads, autoscaler: HorizontalPodAutoscaler, selector: str, pods: Sequence[Pod]
    ) -> tuple[Reading, ...]:
        namespace = autoscaler.metadata.namespace or ""
        metrics = autoscaler.spec.metrics
        of_resources: Sequence[PodMetrics] | str = ()
        if any(each.resource or each.container_resource for each in metrics):
            of_resources = await _resources(reads, namespace, selector)
        names = [pod.metadata.name or "" for pod in pods]
        return tuple([await self._one(each, namespace, names, of_resources) for each in metrics])

    async def _one(
        self, metric: MetricSpec, namespace: str, names: Sequence[str], resources: Sequence[PodMetrics] | str
    ) -> Reading:
        if metric.resource is not None:
            return _of_resource(resources, metric.resource.name)
        if (inside := metric.container_resource) is not None:
            return _of_resource(resources, inside.name, inside.container)
        try:
            return await self._provided(metric, namespace, names)
        except Exception as exc:
            api = EXTERNAL_API if metric.external is not None else CUSTOM_API
            return Reading(problem=f"{api}: {str(exc) or type(exc).__name__}")

    async def _provided(self, metric: MetricSpec, namespace: str, names: Sequence[str]) -> Reading:
        """Raises whatever a provider does."""
        if (pods := metric.pods) is not None:
            name, selector = pods.metric.name, _text(pods.metric)
            return _of_pods(await self._ask(lambda each: each.of_pods(name, namespace, names, selector)))
        if (source := metric.object) is not None:
            of, name, selector = source.described_object, source.metric.name, _text(source.metric)
            amount: Amount | None = await self._ask(
                lambda each: each.of_object(name, namespace, of.api_version or "", of.kind, of.name, selector)
            )
            return _of_numbers(None if amount is None else (amount,), CUSTOM_API, "custom")
        assert metric.external is not None, "a metric has the source that its type names"
        name, selector = metric.external.metric.name, _text(metric.external.metric)
        series = await self._ask(lambda each: each.external(name, namespace, selector))
        return _of_numbers(series, EXTERNAL_API, "external")

    async def _ask(self, question: Callable[[MetricsProvider], T | None]) -> T | None:
        for provider in self._providers:
            if (answer := await provider.ask(question)) is not None:
                return answer
        return None


async def _resources(reads: Reads, namespace: str, selector: str) -> Sequence[PodMetrics] | str:
    """What pods use, or why that is not known."""
    try:
        return (await reads.list(PodMetrics, namespace, label_selector=selector)).items
    except ApiError as error:
        return f"{RESOURCE_API}: {error.message}"


def _of_resource(resources: Sequence[PodMetrics] | str, resource: str, container: str = "") -> Reading:
    if isinstance(resources, str):
        return Reading(problem=resources)
    if not resources:
        return Reading(problem="no metrics returned from resource metrics API")
    return Reading(pods=of_resource(resources, resource, container))


def _of_pods(found: Mapping[str, Amount] | None) -> Reading:
    if found is None:
        return Reading(problem=f"{CUSTOM_API}: no plugin provides it")
    if not found:
        return Reading(problem="no metrics returned from custom metrics API")
    return Reading(pods={name: Sample(milli(amount)) for name, amount in found.items()})


def _of_numbers(found: Iterable[Amount] | None, api: str, sort: str) -> Reading:
    if found is None:
        return Reading(problem=f"{api}: no plugin provides it")
    values = tuple(milli(amount) for amount in found)
    return Reading(values=values) if values else Reading(problem=f"no metrics returned from {sort} metrics API")


def _text(metric: MetricIdentifier) -> str:
    return "" if metric.selector is None else str(wire_selector(to_wire(metric.selector)))
