"""One HTTP request, as a person with curl would make it: a connection of its own, and no proxy from the environment."""

from __future__ import annotations

import urllib.error
import urllib.request

NO_PROXY = urllib.request.ProxyHandler({})
FAILURES: tuple[type[Exception], ...] = (OSError,)
"""What a request to somebody who is not there (yet) raises: refused, reset, timed out, or answered with an error."""


def fetch(url: str, *, timeout: float = 5.0) -> str:
    """The page. Raises one of `FAILURES` where there is none."""
    request = urllib.request.Request(url, headers={"Connection": "close"})
    with urllib.request.build_opener(NO_PROXY).open(request, timeout=timeout) as answer:
        return str(answer.read().decode())
