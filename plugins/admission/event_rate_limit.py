"""EventRateLimit: no more events than there is room for, of all, of a namespace, of a user, or of a source about an object.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#eventratelimit. Off unless asked for; it
needs a Configuration (``eventratelimit.admission.k8s.io/v1alpha1``) with its limits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from sampan.core.classes import define
from sampan.core.contracts.access import AccessContext, AdmissionRequest
from sampan.core.errors import ConfigError, TooManyRequests
from sampan.plugins.admission.base import Quiet

GROUP: Final = "eventratelimit.admission.k8s.io/"
MOST_BUCKETS: Final = 4096
OBJECT_FIELDS: Final = ("kind", "namespace", "name", "uid", "apiVersion")


class EventRateLimit(Quiet):
    name = "EventRateLimit"
    order = 820

    def __init__(self, limits: list[Limit]) -> None:
        self._limits = limits

    @classmethod
    def of(cls, context: AccessContext) -> EventRateLimit:
        """Raises `ConfigError` for a configuration that is not there, or wrong."""
        return cls(read_limits(context.settings.get(cls.name), context.clock))

    async def validate(self, request: AdmissionRequest) -> None:
        is_event = request.info.kind == "Event" and request.info.group in ("", "events.k8s.io")
        if not is_event or request.operation not in ("CREATE", "UPDATE") or request.dry_run:
            return
        refusals = [refusal for limit in self._limits if (refusal := limit.refusal(request))]
        if refusals:
            raise TooManyRequests(refusals[0] if len(refusals) == 1 else f"[{', '.join(refusals)}]")


@define
class Bucket:
    """Tokens: ``burst`` at most, ``qps`` more each second."""

    tokens: float
    filled: datetime


@define
class Limit:
    type: str
    qps: int
    burst: int
    size: int
    clock: Callable[[], datetime]
    _buckets: OrderedDict[str, Bucket] = attrs.field(factory=OrderedDict, init=False)
    """By key, the one that was asked for last at the end."""

    def refusal(self, request: AdmissionRequest) -> str:
        """Take a token; empty where there was one."""
        key = KEYS[self.type](request)
        now = self.clock()
        bucket = self._buckets.pop(key, None) or Bucket(self.burst, now)
        self._buckets[key] = bucket
        if len(self._buckets) > self.size:
            self._buckets.popitem(last=False)
        passed = max((now - bucket.filled).total_seconds(), 0.0)
        bucket.tokens = min(bucket.tokens + passed * self.qps, float(self.burst))
        bucket.filled = now
        if bucket.tokens < 1:
            return f"limit reached on type {self.type} for key {key}"
        bucket.tokens -= 1
        return ""


def _source_and_object(request: AdmissionRequest) -> str:
    event: Mapping[str, Any] = request.obj or {}
    source = event.get("source") or event.get("deprecatedSource") or {}
    about = event.get("involvedObject") or event.get("regarding") or {}
    parts = [source.get("component"), source.get("host"), *(about.get(field) for field in OBJECT_FIELDS)]
    return "".join(str(part) for part in parts if part)


KEYS: Final[Mapping[str, Callable[[AdmissionRequest], str]]] = {
    "Server": lambda request: "",
    "Namespace": lambda request: request.namespace,
    "User": lambda request: request.user.name,
    "SourceAndObject": _source_and_object,
}


def read_limits(configuration: Any, clock: Callable[[], datetime]) -> list[Limit]:
    """Raises `ConfigError` with the first problem."""
    if not isinstance(configuration, Mapping):
        raise ConfigError("EventRateLimit needs a Configuration: name it in --admission-control-config-file")
    version, kind = str(configuration.get("apiVersion", "")), configuration.get("kind")
    if not version.startswith(GROUP) or kind != "Configuration":
        raise ConfigError(f"EventRateLimit: apiVersion must be {GROUP}v1alpha1, and kind Configuration")
    limits = configuration.get("limits")
    if not isinstance(limits, list) or not limits:
        raise ConfigError("EventRateLimit: limits: at least one is required")
    return [_limit(limit, f"limits[{index}]", clock) for index, limit in enumerate(limits)]


def _limit(limit: Any, path: str, clock: Callable[[], datetime]) -> Limit:
    if not isinstance(limit, Mapping) or limit.get("type") not in KEYS:
        raise ConfigError(f"EventRateLimit: {path}.type: must be one of {', '.join(KEYS)}")
    size = _number(limit, "cacheSize", path) if limit.get("cacheSize") else MOST_BUCKETS
    return Limit(limit["type"], _number(limit, "qps", path), _number(limit, "burst", path), size, clock)


def _number(limit: Mapping[str, Any], field: str, path: str) -> int:
    value = limit.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ConfigError(f"EventRateLimit: {path}.{field}: must be a positive number")
    return value
