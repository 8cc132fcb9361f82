"""What a peer that breaks the rules of SPDY is told by."""

from __future__ import annotations

from sampan.core.errors import SampanError


class SpdyError(SampanError):
    """The bytes are not SPDY/3.1. Nothing after them can be understood: the session is over."""
