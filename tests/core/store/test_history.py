"""How long history is kept: by time, and by number."""

from __future__ import annotations

from sampan.core.store.history import HistoryPolicy


def test_what_is_older_than_a_period_goes_once_a_period() -> None:
    policy = HistoryPolicy(seconds=300)
    asked = [(0, 10), (299, 20), (300, 30), (301, 40), (599, 50), (600, 60), (2000, 61), (2300, 61)]
    assert [policy.due(now, latest, 1) for now, latest in asked] == [None, None, 10, None, None, 30, 60, 61]


def test_never_much_more_than_the_bound_is_kept() -> None:
    policy = HistoryPolicy(revisions=100)
    compacted, kept = 0, []
    for latest in range(1000):
        compacted = policy.due(0, latest, compacted) or compacted
        kept.append(latest - compacted)
    assert max(kept) < 200
    assert min(kept[200:]) == 100


def test_nothing_is_due_for_what_is_forgotten_already() -> None:
    policy = HistoryPolicy(seconds=300)
    policy.due(0, 10, 10)
    assert policy.due(300, 10, 10) is None
