"""How much of what is bounded each client has: one that asks without end leaves the others theirs."""

from __future__ import annotations

from collections import Counter


class Shares:
    """Of ``most`` in all, no client has more than ``each``."""

    def __init__(self, most: int, each: int) -> None:
        self._left = most
        self._each = each
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> bool:
        """Whether there was one left for this client."""
        if not self._left or self._taken.get(client, 0) >= self._each:
            return False
        self._left -= 1
        self._taken[client] += 1
        return True

    def give_back(self, client: str) -> None:
        self._left += 1
        self._taken[client] -= 1
        if not self._taken[client]:  # whoever has asked once is not kept for ever
            del self._taken[client]
