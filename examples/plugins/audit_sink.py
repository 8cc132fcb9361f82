"""An audit sink: who asked what of the API, what controllers did, and each container's start, as lines of JSON.

What is kept of requests is the audit policy's to say: ``sampan up --audit-policy-file POLICY --plugin audit_sink.py``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from sampan.plugin import Key, Plan, Pod, Registry, hookimpl


@attrs.frozen
class Settings:
    """``plugins.audit_sink.settings``."""

    file: str = "audit.jsonl"


class AuditSink:
    def __init__(self) -> None:
        self._settings = Settings()
        self._lock = threading.Lock()

    def _write(self, **line: Any) -> None:
        with self._lock, Path(self._settings.file).open("a") as file:
            file.write(json.dumps(line) + "\n")

    @hookimpl
    def sampan_register(self, registry: Registry) -> None:
        self._settings = registry.settings(Settings)

    @hookimpl
    def sampan_audit(self, event: Mapping[str, Any]) -> None:
        if event["stage"] == "ResponseComplete":
            code = event["responseStatus"]["code"]
            self._write(user=event["user"]["username"], verb=event["verb"], uri=event["requestURI"], code=code)

    @hookimpl
    def sampan_after_reconcile(self, controller: str, key: Key, plan: Plan, error: Exception | None) -> None:
        if plan.actions or error:
            actions = [type(action).__name__ for action in plan.actions]
            self._write(controller=controller, key=str(key), actions=actions, error=str(error or ""))

    @hookimpl
    def sampan_container_started(self, pod: Pod, container: str, container_id: str) -> None:
        self._write(pod="/".join(pod.key), container=container, started=container_id)


_sink = AuditSink()
sampan_register, sampan_audit = _sink.sampan_register, _sink.sampan_audit
sampan_after_reconcile, sampan_container_started = _sink.sampan_after_reconcile, _sink.sampan_container_started
