"""The store contract's refusals, in one place so that all stores refuse alike."""

from __future__ import annotations

from sampan.core.errors import Cause, Conflict, NotFound, Timeout
from sampan.core.store.contract import KeyValue
from sampan.core.store.feed import expired


def check_expected(key: str, current: KeyValue | None, expected: int) -> KeyValue:
    """The value that a compare-and-swap replaces. Raises `NotFound` or `Conflict`."""
    if current is None:
        raise NotFound(f'key "{key}" not found')
    if current.revision != expected:
        raise Conflict(f'key "{key}" is at revision {current.revision}, not {expected}')
    return current


def check_readable(revision: int, *, compacted: int, latest: int | None = None) -> None:
    """Raises `Expired` for a revision that has been compacted, `Timeout` for one beyond ``latest``."""
    if revision < compacted:
        raise expired(revision, compacted)
    if latest is not None and revision > latest:
        raise future_revision(revision, latest)


def future_revision(revision: int, latest: int) -> Timeout:
    """Kubernetes' answer where a resourceVersion has not been reached in time (504, ``ResourceVersionTooLarge``)."""
    cause = Cause("ResourceVersionTooLarge", "Too large resource version", "")
    message = f"Timeout: Too large resource version: {revision}, current: {latest}"
    return Timeout(message, causes=[cause], retry_after=1)
