"""A client that keeps asking while a story does something to the servers, and counts what it got."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType

from tests.support import http
from tests.support.wait import eventually


class KeenClient:
    """Asks for a page again and again, each time over a new connection, from entering to leaving its ``with``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: Counter[str] = Counter()
        self.failures: list[str] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="keen client")

    def __enter__(self) -> KeenClient:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    def has_seen(self, words: str) -> bool:
        return any(words in page for page in list(self.pages))

    def answers_more(self, count: int) -> None:
        """Return once it has got so many more pages."""
        target = self.pages.total() + count
        eventually(lambda: self.pages.total() >= target, f"{count} more answers; failed: {self.failures}")

    def _ask(self) -> None:
        # A short pause leaves the processors to the cluster; it is no part of what is measured.
        while not self._enough.wait(0.01):
            try:
                self.pages[http.fetch(self.url)] += 1
            except http.FAILURES as exc:
                self.failures.append(repr(exc))
