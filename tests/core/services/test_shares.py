"""What is bounded is bounded for each client, too, and nothing is kept of one that has nothing."""

from __future__ import annotations

from sampan.core.services.shares import Shares


def test_no_client_has_more_than_its_share_and_all_no_more_than_there_is() -> None:
    shares = Shares(most=5, each=2)
    assert [shares.take(client) for client in ("a", "a", "a", "b", "b", "c", "c")] == [
        True, True, False, True, True, True, False,
    ]  # fmt: skip
    shares.give_back("a")
    assert [shares.take(client) for client in ("c", "a")] == [True, False]
