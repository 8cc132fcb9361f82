"""The cluster DNS contract: records in, by what they belong to; queries answered from them, and from the host's servers.

What a Service's records are is decided by `sampan.core.services.records` (pure). A name server only serves them. Its calls
never wait for the network, but for `start`, `close` and `destroy`, which block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import attrs

from sampan.core.classes import frozen

RecordType = Literal["A", "AAAA", "SRV", "CNAME", "PTR", "TXT", "NS", "NAME"]
"""``NAME`` has no data: the name exists, whatever else it has."""


@attrs.frozen(order=True)
class Record:
    """``name`` is in lower case, without a dot at its end; ``data`` as in a zone file, names absolute but for that dot."""

    name: str
    type: RecordType
    data: str = ""


@frozen(kw_only=True)
class NameServerSettings:
    state_dir: Path
    """For the server alone; made by whoever writes there."""
    domain: str
    """The zone that is answered from records: ``cluster.local``."""
    reverse: tuple[str, ...] = ()
    """Ranges whose addresses are answered from records too, in CIDR form."""
    upstream: tuple[str, ...] = ()
    """Who is asked about all other names."""
    say: Callable[[str], None] = attrs.field(default=lambda _line: None)


class NameServer(Protocol):
    """Answers for names. One that is a process of its own is begun with the first `put`, so that it is ready by `start`."""

    def put(self, owner: str, records: Sequence[Record]) -> None:
        """From now on these are all the records of ``owner``; none: it is gone. From any thread."""
        ...

    def start(self, address: str, port: int = 53) -> None:
        """Answer there, over UDP and TCP, in the place of whoever still does for this cluster.

        Follows the records that there are. Raises `ConfigError` where that cannot be.
        """
        ...

    def close(self) -> None:
        """End with this process; what goes on by itself, with what it was told, may. Idempotent."""
        ...

    def destroy(self) -> None:
        """End whatever answers for this cluster. Idempotent; works in a process that has not called `start`."""
        ...
