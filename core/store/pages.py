"""Pages of lists: what one holds, and how it is cut off the entries from which on it begins. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sampan.core.classes import frozen
from sampan.core.store.entry import Entry, Matches


@frozen
class Page:
    """Part of a list at ``revision``. ``next_after`` is the ``start_after`` of the next page; empty at the end."""

    entries: Sequence[Entry]
    revision: int
    next_after: str = ""
    remaining: int | None = None
    """How many follow; ``None`` where a selector makes that unknown, or where there are none."""


def cut_page(entries: Sequence[Entry], limit: int, revision: int, matches: Matches | None, beyond: int = 0) -> Page:
    """Cut a page off ``entries``, after which ``beyond`` more were not read."""
    if matches is not None:
        entries = [entry for entry in entries if matches(entry)]
    kept = entries[:limit] if limit else entries
    remaining = len(entries) - len(kept) + beyond
    if not remaining:
        return Page(kept, revision)
    return Page(kept, revision, kept[-1].key, remaining if matches is None else None)
