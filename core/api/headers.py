"""The headers of a request that the API looks at, picked out in one pass. Called by the ASGI app for every request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from sampan.core.api.compression import takes_gzip
from sampan.core.classes import define

AUDIT_ID: Final = b"audit-id"
"""By which a request is found again in the audit log: a client's own, or one that the server makes."""
KNOWN: Final = {
    name: name.decode().replace("-", "_")
    for name in (b"authorization", b"content-type", b"user-agent", b"content-length", b"accept-encoding", AUDIT_ID)
}
"""The attributes of `Headers`, by the headers that they are read from; ``accept`` is read by itself."""


@define
class Headers:
    authorization: str = ""
    accept: str = ""
    content_type: str = ""
    user_agent: str = ""
    content_length: str = ""
    accept_encoding: str = ""
    audit_id: str = ""
    impersonation: list[tuple[str, str]] = attrs.field(factory=list)
    """``Impersonate-…`` headers: what comes after the dash, and the value."""

    @property
    def token(self) -> str:
        scheme, _, token = self.authorization.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def takes_gzip(self) -> bool:
        return bool(self.accept_encoding) and takes_gzip(self.accept_encoding)

    @property
    def agent(self) -> str:
        """The field manager of a client that names none: its program's name."""
        return self.user_agent.partition("/")[0][:128] or "unknown"


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """ASGI header names are lower-case already; repeated ``Accept`` headers are one list."""
    headers = Headers()
    for name, value in pairs:
        if name == b"accept":
            text = value.decode("latin-1")
            headers.accept = f"{headers.accept},{text}" if headers.accept else text
        elif name in KNOWN:
            setattr(headers, KNOWN[name], value.decode("latin-1"))
        elif name.startswith(b"impersonate-"):
            headers.impersonation.append((name[12:].decode("latin-1"), value.decode("latin-1")))
    return headers
