"""The text that both ends of SPDY/3 put before their first header block, so that it compresses well.

Protocol data, exact to the byte: zlib compares its checksum when the first block is read. First the words that headers are
made of, each with its length before it as a header block has them, then what values are made of, in one string.
"""

from __future__ import annotations

from typing import Final

WORDS: Final = (
    "options head post put delete trace "
    "accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection "
    "content-base content-encoding content-language content-length content-location content-md5 content-range content-type "
    "date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since "
    "last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te "
    "trailer transfer-encoding upgrade user-agent vary via warning www-authenticate "
    "method get status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin"
)
"""A space parts two words; ``_`` is a space in one."""
CODES: Final = (
    "100 101 201 202 205 206 300 302 303 304 305 306 307 402 405 406 407 408 409 410 411 412 413 414 415 416 417 "
    "502 504 505"
)
VALUES: Final = (
    "203 Non-Authoritative Information",
    "204 No Content",
    "301 Moved Permanently",
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "500 Internal Server Error",
    "501 Not Implemented",
    "503 Service Unavailable",
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    " 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT",
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,",
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.",
)


def _dictionary() -> bytes:
    words = [word.replace("_", " ").encode() for word in WORDS.split()]
    named = b"".join(len(word).to_bytes(4, "big") + word for word in words)
    return named + "".join((*CODES.split(), *VALUES)).encode()


DICTIONARY: Final = _dictionary()
