"""Who speaks HTTP without TLS to the API server's port is told so, with the words of Go's server.

The loops know of no way to answer instead of a handshake. So what they wrap a connection in notices HTTP's first bytes,
says that the handshake is done, and lets bytes through as they are; `sampan.core.api.connection` asks `is_plain`, answers
and closes.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

BEGINNINGS: Final = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
"""What Go's server takes for HTTP; all are as long as the head of a TLS record."""
LONG_ENOUGH: Final = 5
ANSWER: Final = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"


def server_context(certificate: str, key: str, ca: str) -> ssl.SSLContext:
    """For a server that asks for client certificates signed by ``ca``, and takes connections without one. PEM files."""
    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_OPTIONAL  # a certificate is one way to log in, a token another
    return context


def is_plain(ssl_object: object) -> bool:
    """Whether the client of a connection has been found to speak HTTP without TLS."""
    return isinstance(ssl_object, Wrapped) and ssl_object.is_plain


class Wrapped(ssl.SSLObject):
    """A connection's TLS, or the place of it."""

    is_plain = False
    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _looked = False

    def do_handshake(self) -> None:
        if not self._looked:
            self._look()
        if not self.is_plain:
            super().do_handshake()

    def _look(self) -> None:
        """What has been looked at is put back; the client of a TLS connection speaks first, so there is time."""
        begun = self._incoming.read()
        self._incoming.write(begun)
        if len(begun) < LONG_ENOUGH:
            raise ssl.SSLWantReadError
        self._looked = True
        self.is_plain = begun.startswith(BEGINNINGS)

    def getpeercert(self, binary_form: bool = False) -> Any:
        return None if self.is_plain else super().getpeercert(binary_form)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        if self.is_plain:  # nobody listens
            self._incoming.read()
            raise ssl.SSLWantReadError
        return super().read(len, buffer)

    def write(self, data: Any) -> int:
        return self._outgoing.write(data) if self.is_plain else super().write(data)

    def unwrap(self) -> None:
        if not self.is_plain:
            super().unwrap()


class Context(ssl.SSLContext):
    """Makes `Wrapped` connections for an event loop."""

    sslobject_class = Wrapped

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        made = super().wrap_bio(incoming, outgoing, *args, **kwargs)
        assert isinstance(made, Wrapped)
        made._incoming, made._outgoing = incoming, outgoing
        return made
