"""How many clients all services together may have connected: the API's own connections come out of the same files."""

from __future__ import annotations

from sampan.core.host import open_files

SHARE = 0.5
"""Of this process's open files; a client takes two, its own and that to the pod."""


class Seats:
    """On the proxy's loop."""

    def __init__(self, most: int | None = None) -> None:
        self._free = int(open_files.share(SHARE) / 2) if most is None else most

    def take(self) -> bool:
        """Whether there was one left."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        self._free += 1
