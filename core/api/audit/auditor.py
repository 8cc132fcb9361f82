"""From requests to what is written of them: the policy asked, events queued, and a thread that writes them.

The queue is bounded by number and by bytes. What does not fit is dropped, counted and told: a request never waits for the
disk. On the API server's loop, but for the thread.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter

from sampan.core.api.audit.event import Record, event_of, line_of, user_info
from sampan.core.api.audit.log_file import LogFile
from sampan.core.api.audit.policy import Policy
from sampan.core.api.audit.trail import LONGEST_PATH, Trail, shortened, source_addresses
from sampan.core.api.headers import Headers
from sampan.core.api.request_info import is_long_running
from sampan.core.api.responses import Scope
from sampan.core.api.uids import new_uid
from sampan.core.contracts.access import Attributes

log = logging.getLogger(__name__)

MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 64 * 1024 * 1024
BATCH: Final = 400
TOLD_EVERY: Final = 60.0
"""Seconds between two lines about what could not be written."""
LONGEST_ID: Final = 64

Listener = Callable[[Mapping[str, Any]], None]
"""Gets every event; must not block."""


class Auditor:
    """Without a policy it keeps nothing. Its thread starts with the first event; `close` writes what waits."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        policy: Policy | None = None,
        file: LogFile | None = None,
        listener: Listener | None = None,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._file = file
        self._listener = listener
        self._queue: queue.SimpleQueue[Record | None] = queue.SimpleQueue()
        self._held = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told = -TOLD_EVERY
        self._lost = 0
        self._counts = _Counts(metrics) if metrics is not None and policy is not None else None

    @property
    def keeps(self) -> bool:
        """Whether anything at all is kept."""
        return self._policy is not None

    def begin(self, scope: Scope, headers: Headers, attributes: Attributes, audit_id: str) -> Trail | None:
        """A request over HTTP whose user is known. ``None``: nothing is kept of it."""

        def asked() -> dict[str, Any]:
            sources = source_addresses(scope["headers"], (scope.get("client") or ("",))[0])
            return {
                "auditID": audit_id,
                "requestURI": _uri(scope),
                "sourceIPs": sources,
                "userAgent": headers.user_agent,
            }

        return self.follow(attributes, asked)

    def follow(self, attributes: Attributes, asked: Callable[[], dict[str, Any]]) -> Trail | None:
        """The same by whichever way. ``asked`` says how: ``auditID``, ``requestURI``, ``sourceIPs``, ``userAgent``."""
        if self._policy is None:
            return None
        treatment = self._policy.treatment(attributes)
        if self._counts is not None:
            self._counts.levels.labels(treatment.level.word if treatment else "None").inc()
        if treatment is None:
            return None
        came = asked()
        said = {**came, "verb": attributes.verb, "user": user_info(attributes.user)}
        said["userAgent"] = shortened(came["userAgent"])
        lasts = is_long_running(attributes)
        return Trail(treatment, attributes, said, lasts=lasts, emit=self._put, clock=self._clock)

    def _put(self, record: Record) -> None:
        with self._lock:
            fits = self._queue.qsize() < MOST_EVENTS and self._held + record.size <= MOST_BYTES
            if fits:
                self._held += record.size
                if self._thread is None:
                    self._thread = threading.Thread(target=self._write, name="sampan audit", daemon=True)
                    self._thread.start()
        if fits:
            self._queue.put(record)
        else:
            self._lose(1, "more happens than can be written")

    def _write(self) -> None:
        """The thread: batches, for as long as there are any."""
        while True:
            records = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while len(records) < BATCH:
                    records.append(self._queue.get_nowait())
            for_now = [record for record in records if record is not None]
            self._write_all(for_now)
            with self._lock:
                self._held -= sum(record.size for record in for_now)
            if len(for_now) < len(records):
                return

    def _write_all(self, records: list[Record]) -> None:
        try:
            events = [event_of(record) for record in records]
            if self._file is not None and events:
                self._file.write(b"".join(map(line_of, events)))
        except Exception as exc:
            self._lose(len(records), str(exc))
            return
        if self._counts is not None:
            self._counts.events.inc(len(events))
        if self._listener is not None:
            for event in events:
                self._listener(event)

    def _lose(self, number: int, why: str) -> None:
        if self._counts is not None:
            self._counts.errors.labels("log").inc(number)
        with self._lock:
            self._lost += number
            now = time.monotonic()
            if now - self._told < TOLD_EVERY:
                return
            lost, self._lost, self._told = self._lost, 0, now
        log.error("%d audit events were not written: %s", lost, why)

    def close(self) -> None:
        """Blocking: what waits is written."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join(10)
        if self._file is not None:
            self._file.close()


class _Counts:
    """Under kube-apiserver's names."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("apiserver_audit_event", "Audit events written.", registry=registry)
        self.errors = Counter("apiserver_audit_error", "Audit events not written.", ["plugin"], registry=registry)
        self.levels = Counter("apiserver_audit_level", "Requests by audit level.", ["level"], registry=registry)


def audit_id(given: str) -> str:
    """What the request calls itself, or a new name for it."""
    return given[:LONGEST_ID] if given.isascii() and given.isprintable() and given else new_uid()


def _uri(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw)[:LONGEST_PATH].decode("latin-1")
