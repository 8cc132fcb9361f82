"""The name server in a process of its own, which outlives sampan: pods find names also while sampan is away.

It is told of records as they change. Where its sampan ends, by whatever cause, it goes on with what it knows. The next
sampan starts another one, lets that answer beside the old one once it knows all, and ends the old one then: no question
meets nobody.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.errors import ConfigError
from sampan.core.host.polling import readable
from sampan.core.host.processes import end
from sampan.core.loops import Delays
from sampan.plugins.dns.child import Child, processes_of

FIRST_RETRY, LONGEST_RETRY = 0.1, 30.0
HEALTHY_AFTER = 60.0
LISTENS_WITHIN = 2.0
"""Seconds for a process to take what it is told; one that has not done so when sampan ends is stuck."""


class DnsProcess:
    """See `sampan.core.contracts.name_server.NameServer`."""

    def __init__(self, settings: NameServerSettings) -> None:
        self._settings = settings
        self._records: dict[str, tuple[Record, ...]] = {}
        """All, for a process that is started anew."""
        self._untold: dict[str, tuple[Record, ...]] = {}
        """By owner, so that a process that is slow to listen costs no memory."""
        self._lock = threading.Lock()
        """Held by who looks at the records; never while waiting."""
        self._talking = threading.Lock()
        """Held by who starts the process, or talks to it."""
        self._child: Child | None = None
        self._place: tuple[str, int] | None = None
        """Where it answers."""
        self._wake = os.eventfd(0, os.EFD_CLOEXEC)
        self._ending = threading.Event()
        self._teller: threading.Thread | None = None

    # The contract

    def put(self, owner: str, records: Sequence[Record]) -> None:
        with self._lock:
            if self._ending.is_set() or self._records.get(owner, ()) == tuple(records):
                return
            self._untold[owner] = self._records[owner] = tuple(records)
            if not records:
                del self._records[owner]
            if self._teller is None:
                self._teller = threading.Thread(target=self._keep_telling, name="dns-teller", daemon=True)
                self._teller.start()
            os.eventfd_write(self._wake, 1)

    def start(self, address: str, port: int = 53) -> None:
        with self._talking:
            self._place = (address, port)
            try:
                child = self._told()
            except (OSError, ConfigError) as exc:
                self._place = None
                raise ConfigError(str(exc)) from exc
        self._end_others(child)

    def close(self) -> None:
        with self._lock:
            if self._ending.is_set():
                return
            self._ending.set()
            os.eventfd_write(self._wake, 1)
        if self._teller is not None:
            self._teller.join(LISTENS_WITHIN)
            if self._teller.is_alive() and self._child is not None:
                self._child.end()
                self._teller.join()
        if self._child is not None:
            self._child.let_go()
        os.close(self._wake)

    def destroy(self) -> None:
        self.close()
        if self._child is not None:
            self._child.end()
            self._child = None
        self._end_others(None)

    # Telling

    def _keep_telling(self) -> None:
        """And keep it running: later each time while it does not last."""
        delays = Delays(FIRST_RETRY, LONGEST_RETRY)
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                self._tell_until_it_ends()
            except (OSError, ConfigError) as exc:
                self._settings.say(f"dns: the name server is started anew ({exc})")
            if time.monotonic() - began > HEALTHY_AFTER:
                delays.after_success()
            self._ending.wait(delays.after_failure())

    def _tell_until_it_ends(self) -> None:
        while not self._ending.is_set():
            with self._talking:
                child = self._told()
            if self._wake in readable([self._wake, child.handle]):
                os.eventfd_read(self._wake)

    def _told(self) -> Child:
        """The process, which knows all there is. Raises `OSError` or `ConfigError` where that is not so."""
        child, self._child = self._child, None
        try:
            if child is not None and child.has_ended():
                raise ChildProcessError(child.last_words())
            if child is None:
                with self._lock:
                    self._untold = dict(self._records)
                child = Child(self._settings)
            with self._lock:
                untold, self._untold = self._untold, {}
            child.tell(untold)
            if self._place is not None and not child.serves:
                child.serve(*self._place)
        except (OSError, ConfigError) as exc:
            if child is not None:
                broke = isinstance(exc, BrokenPipeError) and readable([child.handle], LISTENS_WITHIN)
                words = child.last_words() if broke else ""  # it has ended while it was told
                child.end()
                if words:
                    raise ChildProcessError(words) from exc
            raise
        self._child = child
        return child

    def _end_others(self, child: Child | None) -> None:
        for pid in processes_of(self._settings):
            if child is None or pid != child.pid:
                end(pid)
