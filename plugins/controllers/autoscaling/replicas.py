"""How many pods a metric asks for. Pure; the arithmetic of Kubernetes' replica calculator, rounding included.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from sampan.core.classes import frozen
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod import Pod
from sampan.core.model.pod_requests import CPU, pod_requests
from sampan.core.model.quantity import milli
from sampan.core.reconcile.pods import condition, is_ready
from sampan.plugins.controllers.autoscaling.samples import NoMetric, Sample, Samples
from sampan.plugins.controllers.autoscaling.settings import AutoscalerSettings

MOST = 2**31 - 1


@frozen
class Tolerance:
    """How far off its target a metric may be, as shares, in either direction."""

    down: float
    up: float

    def holds(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@frozen
class Measured:
    """How the use stands to its target (1.0: as wanted), and what a status tells of it, per pod."""

    ratio: float
    average: int
    utilization: int | None = None


@frozen
class Proposal:
    """As many pods as a metric asks for, and what its status shows."""

    replicas: int
    usage: int
    utilization: int | None = None


@frozen
class Groups:
    """Pods by what their samples are worth."""

    ready: int
    unready: frozenset[str]
    missing: frozenset[str]
    ignored: frozenset[str]


def by_utilization(
    pods: Sequence[Pod],
    samples: Samples,
    current: int,
    target: int,
    tolerance: Tolerance,
    resource: str,
    container: str,
    settings: AutoscalerSettings,
    now: datetime,
) -> Proposal:
    """For a target in per cent of the requests. Raises `NoMetric`."""

    def measure() -> tuple[Callable[[Samples], Measured], Callable[[str], int]]:
        requests = requested(pods, resource, container)
        stand_in = max(100, target)
        return (
            lambda known: utilization(known, requests, target),
            lambda name: quotient(requests[name] * stand_in, 100),
        )

    return _by_pods(pods, samples, current, tolerance, resource, measure, settings, now)


def by_average(
    pods: Sequence[Pod],
    samples: Samples,
    current: int,
    target: int,
    tolerance: Tolerance,
    resource: str,
    settings: AutoscalerSettings,
    now: datetime,
) -> Proposal:
    """For a target per pod, in thousandths. Raises `NoMetric`."""

    def measure() -> tuple[Callable[[Samples], Measured], Callable[[str], int]]:
        return lambda known: average(known, target), lambda _name: target

    return _by_pods(pods, samples, current, tolerance, resource, measure, settings, now)


def _by_pods(
    pods: Sequence[Pod],
    samples: Samples,
    current: int,
    tolerance: Tolerance,
    resource: str,
    make_measure: Callable[[], tuple[Callable[[Samples], Measured], Callable[[str], int]]],
    settings: AutoscalerSettings,
    now: datetime,
) -> Proposal:
    """Pods that are not ready use nothing when it goes up; missing ones nothing up, and what they should down."""
    if not pods:
        raise NoMetric("no pods returned by selector while calculating replica count")
    groups = group(pods, samples, resource, settings, now)
    known = {name: each for name, each in samples.items() if name not in groups.ignored | groups.unready}
    if not known:
        raise NoMetric("did not receive metrics for targeted pods (pods might be unready)")
    measure, stand_in = make_measure()
    measured = measure(known)
    unchanged = Proposal(current, measured.average, measured.utilization)
    with_unready = bool(groups.unready) and measured.ratio > 1.0
    if not with_unready and not groups.missing:
        if tolerance.holds(measured.ratio):
            return unchanged
        return attrs.evolve(unchanged, replicas=_ceiling(measured.ratio * groups.ready))
    if measured.ratio < 1.0:
        known |= {name: Sample(stand_in(name)) for name in groups.missing}
    elif measured.ratio > 1.0:
        known |= {name: Sample(0) for name in groups.missing}
    if with_unready:
        known |= {name: Sample(0) for name in groups.unready}
    ratio = measure(known).ratio
    wanted = _ceiling(ratio * len(known))
    if tolerance.holds(ratio) or _turns(measured.ratio, ratio, wanted, current):
        return unchanged
    return attrs.evolve(unchanged, replicas=wanted)


def _turns(first: float, second: float, wanted: int, current: int) -> bool:
    """Whether what was assumed of pods would have it go the other way."""
    return (
        first < 1.0 < second
        or second < 1.0 < first
        or (second < 1.0 and wanted > current)
        or (second > 1.0 and wanted < current)
    )


def group(pods: Iterable[Pod], samples: Samples, resource: str, settings: AutoscalerSettings, now: datetime) -> Groups:
    """Failed and ending pods are ignored, pending ones unready, those without a sample missing."""
    ready = 0
    unready, missing, ignored = set(), set(), set()
    for pod in pods:
        name = pod.metadata.name or ""
        if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Failed":
            ignored.add(name)
        elif pod.status.phase == "Pending":
            unready.add(name)
        elif name not in samples:
            missing.add(name)
        elif resource == CPU and _still_starts(pod, samples[name], settings, now):
            unready.add(name)
        else:
            ready += 1
    return Groups(ready, frozenset(unready), frozenset(missing), frozenset(ignored))


def _still_starts(pod: Pod, sample: Sample, settings: AutoscalerSettings, now: datetime) -> bool:
    """Whether a pod's CPU is that of its start, which says nothing about its load."""
    ready = condition(pod, "Ready")
    started = pod.status.start_time
    if ready is None or started is None:
        return True
    since = ready.last_transition_time or started
    if started + timedelta(seconds=settings.cpu_initialization_period) > now:
        early = sample.at is not None and sample.at < since + timedelta(seconds=sample.window)
        return ready.status == "False" or early
    return ready.status == "False" and started + timedelta(seconds=settings.initial_readiness_delay) > since


def utilization(samples: Samples, requests: Mapping[str, int], target: int) -> Measured:
    """The use in per cent of the requests. Raises `NoMetric` where nothing is requested."""
    counted = [name for name in samples if name in requests]
    used = sum(samples[name].value for name in counted)
    asked = sum(requests[name] for name in counted)
    if asked == 0:
        raise NoMetric("no metrics returned matched known pods")
    share = quotient(used * 100, asked)
    return Measured(share / target, quotient(used, len(counted)), share)


def average(samples: Samples, target: int) -> Measured:
    """The use by a pod on average."""
    used = quotient(sum(each.value for each in samples.values()), len(samples))
    return Measured(used / target, used)


def requested(pods: Iterable[Pod], resource: str, container: str = "") -> dict[str, int]:
    """What pods (or one container of each) ask for, in thousandths, by pod. Raises `NoMetric` where one asks nothing."""
    return {pod.metadata.name or "": _request(pod, resource, container) for pod in pods}


def _request(pod: Pod, resource: str, container: str) -> int:
    if not container and pod.spec.resources is not None and pod.spec.resources.requests:
        asked = pod_requests(pod).get(resource)
        if asked is None:
            raise NoMetric(f"missing pod-level request for {resource} in Pod {pod.metadata.name}")
        return asked if resource == CPU else asked * 1000
    sidecars = tuple(each for each in pod.spec.init_containers if each.restart_policy == "Always")
    containers = [each for each in (*pod.spec.containers, *sidecars) if container in ("", each.name)]
    if not containers:
        raise NoMetric(f"container {container} not found in Pod {pod.metadata.name}")
    return sum(_container_request(pod, each, resource) for each in containers)


def _container_request(pod: Pod, container: Container, resource: str) -> int:
    asked = container.resources.requests.get(resource) if container.resources is not None else None
    if asked is None:
        name = pod.metadata.name
        raise NoMetric(f"missing request for {resource} in container {container.name} of Pod {name}")
    return milli(asked)


def by_value(pods: Sequence[Pod], usage: int, current: int, target: int, tolerance: Tolerance) -> Proposal:
    """For a target of the whole, in thousandths: ready pods grow with the ratio. Raises `NoMetric`."""
    ratio = usage / target
    if current == 0:
        return Proposal(_ceiling(ratio), usage)
    if tolerance.holds(ratio):
        return Proposal(current, usage)
    if not pods:
        words = "no pods returned by selector while calculating replica count"
        raise NoMetric(f"unable to calculate ready pods: {words}")
    ready = sum(1 for pod in pods if pod.status.phase == "Running" and is_ready(pod))
    return Proposal(_ceiling(ratio * ready), usage)


def by_value_per_pod(usage: int, present: int, target: int, tolerance: Tolerance) -> Proposal:
    """For a share of the whole for each of the ``present`` pods, in thousandths."""
    wanted = _ceiling(usage / target)
    if present == 0:
        return Proposal(wanted, usage)
    within = tolerance.holds(usage / (target * present))
    return Proposal(present if within else wanted, math.ceil(usage / present))


def quotient(numerator: int, denominator: int) -> int:
    """A whole quotient, cut off towards zero."""
    whole = abs(numerator) // abs(denominator)
    return whole if (numerator < 0) == (denominator < 0) else -whole


def _ceiling(number: float) -> int:
    return MOST if number > MOST else max(math.ceil(number), -MOST)
