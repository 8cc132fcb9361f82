"""The frames of SPDY/3.1, as plain values. Streams are numbered: odd ones are the client's, even ones the server's.

``fin`` means that its sender says nothing more on that stream.
"""

from __future__ import annotations

from typing import Final

from sampan.core.api.spdy.headers import Headers
from sampan.core.classes import frozen

PROTOCOL_ERROR: Final = 1
"""In `RstStream` and in `GoAway`."""
REFUSED_STREAM: Final = 3
CANCEL: Final = 5
LARGEST_DATA: Final = (1 << 24) - 1
"""Bytes in one `Data` at most."""


@frozen
class SynStream:
    """A stream begins. ``priority``: from 0, the highest, to 7."""

    stream: int
    headers: Headers
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0
    slot: int = 0


@frozen
class SynReply:
    """The other end takes it."""

    stream: int
    headers: Headers
    fin: bool = False


@frozen
class RstStream:
    """A stream ends at once, in both directions, whatever was on its way."""

    stream: int
    status: int


@frozen
class Setting:
    id: int
    value: int
    flags: int = 0


@frozen
class Settings:
    settings: tuple[Setting, ...]
    clear: bool = False


@frozen
class Ping:
    """Sent back as it is by the end that did not think of its number."""

    id: int


@frozen
class GoAway:
    """No streams after ``last_stream`` are taken any more. ``status`` 0: nothing is wrong."""

    last_stream: int
    status: int = 0


@frozen
class MoreHeaders:
    """HEADERS: more of them for a stream that has begun."""

    stream: int
    headers: Headers
    fin: bool = False


@frozen
class WindowUpdate:
    """The other end may send ``delta`` bytes more; stream 0 is the whole session."""

    stream: int
    delta: int


@frozen
class Data:
    stream: int
    data: bytes
    fin: bool = False


Frame = SynStream | SynReply | RstStream | Settings | Ping | GoAway | MoreHeaders | WindowUpdate | Data
