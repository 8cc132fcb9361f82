"""Checks on probes and lifecycle hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sampan.core.errors import Cause
from sampan.core.model import formats
from sampan.core.model.causes import forbidden, invalid, negative, not_supported, required
from sampan.core.model.core_v1.signals import SIGNALS

Value = Mapping[str, Any]

PROBE_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "grpc")
HOOK_HANDLERS: Final = ("exec", "httpGet", "tcpSocket", "sleep")
WINDOWS_SIGNALS: Final = ("SIGKILL", "SIGTERM")


def validate_lifecycle(lifecycle: Value, grace_period: int | None, path: str, os_name: str = "") -> list[Cause]:
    causes = []
    for hook in ("postStart", "preStop"):
        if lifecycle.get(hook) is not None:
            causes += _handler(lifecycle[hook], HOOK_HANDLERS, grace_period, f"{path}.{hook}")
    if signal := lifecycle.get("stopSignal"):
        causes += _stop_signal(signal, f"{path}.stopSignal", os_name)
    return causes


def _stop_signal(signal: str, path: str, os_name: str) -> list[Cause]:
    if not os_name:
        return [forbidden(path, "may not be set for containers with empty `spec.os.name`")]
    known = WINDOWS_SIGNALS if os_name == "windows" else SIGNALS
    return [] if signal in known else [not_supported(path, signal, known)]


def validate_liveness(probe: Value | None, grace_period: int | None, path: str) -> list[Cause]:
    """Also for startup probes: one success must be enough."""
    if probe is None:
        return []
    causes = _probe(probe, grace_period, path)
    if probe.get("successThreshold", 0) != 1:
        causes.append(invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
    return causes


def validate_readiness(probe: Value | None, grace_period: int | None, path: str) -> list[Cause]:
    if probe is None:
        return []
    causes = _probe(probe, grace_period, path)
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None:
        words = "must not be set for readinessProbes"
        causes.append(invalid(f"{path}.terminationGracePeriodSeconds", seconds, words))
    return causes


def _probe(probe: Value, grace_period: int | None, path: str) -> list[Cause]:
    causes = _handler(probe, PROBE_HANDLERS, grace_period, path)
    for word in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        causes += negative(f"{path}.{word}", probe.get(word))
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid(f"{path}.terminationGracePeriodSeconds", seconds, "must be greater than 0"))
    return causes


def _handler(handler: Value, kinds: tuple[str, ...], grace_period: int | None, path: str) -> list[Cause]:
    """The first kind of handler is checked; any further one is one too many."""
    given = [kind for kind in kinds if handler.get(kind) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    first, *rest = given
    causes = _action(first, handler[first], grace_period, f"{path}.{first}")
    causes += [forbidden(f"{path}.{kind}", "may not specify more than 1 handler type") for kind in rest]
    return causes


def _action(kind: str, action: Value, grace_period: int | None, path: str) -> list[Cause]:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if kind == "httpGet":
        return _http_get(action, path)
    if kind == "sleep":
        return _sleep(action.get("seconds") or 0, grace_period, path)
    return port_number_or_name(action.get("port", 0), f"{path}.port")


def _http_get(action: Value, path: str) -> list[Cause]:
    causes = [] if action.get("path") else [required(f"{path}.path")]
    causes += port_number_or_name(action.get("port", 0), f"{path}.port")
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        causes.append(not_supported(f"{path}.scheme", action.get("scheme") or "", ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        name = header.get("name") or ""
        causes += [invalid(f"{path}.httpHeaders", name, problem) for problem in formats.http_header_name(name)]
    return causes


def _sleep(seconds: int, grace_period: int | None, path: str) -> list[Cause]:
    if grace_period is None or 0 <= seconds <= grace_period:
        return []
    words = f"must be non-negative and less than terminationGracePeriodSeconds ({grace_period})"
    return [invalid(path, seconds, words)]


def port_number_or_name(port: Any, path: str) -> list[Cause]:
    """A port by number, or by the name that a container gives it."""
    problems = formats.port_name(port) if isinstance(port, str) else formats.port_number(port)
    return [invalid(path, port, problem) for problem in problems]
