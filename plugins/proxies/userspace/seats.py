"""How many clients all services together may have connected: the API's own connections come out of the same files."""

from __future__ import annotations

from sampan.core.host import open_files
from sampan.core.services.shares import Shares

SHARE = 0.5
"""Of this process's open files; a client takes two, its own and that to the pod."""


class Seats(Shares):
    """On the proxy's loop. By address of the client: no one has more than half, unless ``each`` says otherwise."""

    def __init__(self, most: int | None = None, each: int | None = None) -> None:
        most = int(open_files.share(SHARE) / 2) if most is None else most
        super().__init__(most, (most + 1) // 2 if each is None else each)
