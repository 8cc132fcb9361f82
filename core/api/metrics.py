"""Counters of the API server, under kube-apiserver's names, and their text for ``/metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sampan.core.api.paths import Target

BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30)


class Metrics:
    """Cheap enough for every request: one label lookup is cached per (verb, resource, code)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._requests = Counter(
            "apiserver_request", "Requests answered.", ["verb", "group", "resource", "code"], registry=registry
        )
        self._seconds = Histogram(
            "apiserver_request_duration_seconds",
            "Seconds from a request's headers to the end of its answer.",
            ["verb"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._counters: dict[tuple[str, str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def observe(self, method: str, target: Target, code: int, seconds: float) -> None:
        """One request. Paths that name no resource count under none, so that labels stay few."""
        key = (method, target.group, target.resource if code != 404 else "", code)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._requests.labels(key[0], key[1] if key[2] else "", key[2], str(code))
            self._counters[key] = counter
        counter.inc()
        timer = self._timers.get(method)
        if timer is None:
            timer = self._timers[method] = self._seconds.labels(method)
        timer.observe(seconds)

    def text(self) -> bytes:
        """Prometheus' exposition format."""
        return generate_latest(self._registry)
