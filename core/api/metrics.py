"""Counters of the API server, under kube-apiserver's names, and their text for ``/metrics``.

Labels are bounded: verbs are Kubernetes', and groups and resources count by name only where they are served, so that nobody
fills memory by asking for what there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sampan.core.api.flow.control import FlowControl
from sampan.core.contracts.access import Attributes

BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60)
VERBS: Final = {
    "get": "GET", "list": "LIST", "watch": "WATCH", "create": "POST", "update": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deletecollection": "DELETECOLLECTION",
}  # fmt: skip
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
FLOW: Final = "apiserver_flowcontrol"
OTHER: Final = "other"
_NOWHERE: Final = ("", "", "", "", "")

Labels = tuple[str, str, str, str, str, str]
"""Verb, group, version, resource, subresource and scope."""
Known = Callable[[Attributes], bool]
"""Whether the server serves what the attributes name, subresource included."""


class Metrics:
    """Cheap enough for every request: counters are kept by their labels."""

    def __init__(self, registry: CollectorRegistry, known: Known, flow: FlowControl) -> None:
        self._registry = registry
        self._known = known
        names = ["verb", "group", "version", "resource", "subresource", "scope"]
        self._requests = Counter("apiserver_request", "Requests answered.", [*names, "code"], registry=registry)
        self._seconds = Histogram(
            "apiserver_request_duration_seconds",
            "Seconds from a request's headers to the end of its answer.",
            names,
            buckets=BUCKETS,
            registry=registry,
        )
        self._counters: dict[tuple[Labels, int], Counter] = {}
        self._timers: dict[Labels, Histogram] = {}
        _gauges(registry, flow)

    def observe(self, method: str, attributes: Attributes | None, code: int, seconds: float) -> None:
        """One request; ``attributes`` are ``None`` where it was refused before they were known."""
        labels = self._labels(method, attributes)
        counter = self._counters.get((labels, code))
        if counter is None:
            counter = self._counters[labels, code] = self._requests.labels(*labels, str(code))
        counter.inc()
        timer = self._timers.get(labels)
        if timer is None:
            timer = self._timers[labels] = self._seconds.labels(*labels)
        timer.observe(seconds)

    def _labels(self, method: str, attributes: Attributes | None) -> Labels:
        if attributes is None or not attributes.is_resource or not self._known(attributes):
            return (method if method in METHODS else OTHER, *_NOWHERE)
        scope = "resource" if attributes.name else "namespace" if attributes.namespace else "cluster"
        return (
            VERBS.get(attributes.verb, OTHER),
            attributes.group,
            attributes.version,
            attributes.resource,
            attributes.subresource,
            scope,
        )

    def text(self) -> bytes:
        """Prometheus' exposition format."""
        return generate_latest(self._registry)


def _gauges(registry: CollectorRegistry, flow: FlowControl) -> None:
    """How many requests are worked on now, and how many wait."""
    current = Gauge(
        "apiserver_current_inflight_requests", "Requests that are served now.", ["request_kind"], registry=registry
    )
    current.labels("readOnly").set_function(lambda: flow.reads)
    current.labels("mutating").set_function(lambda: flow.writes)
    streams = Gauge(
        "apiserver_longrunning_requests", "Watches, logs, exec and the like that are open.", registry=registry
    )
    streams.set_function(lambda: flow.streams.taken)
    registry.register(FlowMetrics(flow))


class FlowMetrics(Collector):
    """Of each priority level, as they are when somebody asks."""

    def __init__(self, flow: FlowControl) -> None:
        self._flow = flow

    def describe(self) -> Iterable[Metric]:
        """Told when they are asked for."""
        return ()

    def collect(self) -> Iterable[Metric]:
        level = ["priority_level"]
        seats = GaugeMetricFamily(f"{FLOW}_nominal_limit_seats", "Seats that are its own.", labels=level)
        executing = GaugeMetricFamily(f"{FLOW}_current_executing_requests", "Requests with a seat.", labels=level)
        waiting = GaugeMetricFamily(f"{FLOW}_current_inqueue_requests", "Requests that wait.", labels=level)
        dispatched = CounterMetricFamily(f"{FLOW}_dispatched_requests", "Requests that got a seat.", labels=level)
        rejected = CounterMetricFamily(f"{FLOW}_rejected_requests", "Sent away.", labels=[*level, "reason"])
        for each in self._flow.levels:
            seats.add_metric([each.name], each.seats)
            executing.add_metric([each.name], each.executing)
            waiting.add_metric([each.name], each.waiting)
            dispatched.add_metric([each.name], each.dispatched)
            for reason, number in each.refused.items():
                rejected.add_metric([each.name, reason], number)
        return (seats, executing, waiting, dispatched, rejected)
