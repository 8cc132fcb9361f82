"""Names that nobody else has: uids of objects and ids of requests, as random UUIDs.

Randomness is fetched for many of them at once: each look at the system's source hands the processor to another thread.
"""

from __future__ import annotations

import os

AT_ONCE = 256
_left: list[str] = []


def new_uid() -> str:
    """A random UUID (RFC 9562, version 4). Any thread."""
    while True:
        try:
            each = _left.pop()
            break
        except IndexError:
            digits = os.urandom(16 * AT_ONCE).hex()
            _left.extend([digits[place : place + 32] for place in range(0, len(digits), 32)])
    variant = "89ab"[int(each[16], 16) & 3]
    return f"{each[:8]}-{each[8:12]}-4{each[13:16]}-{variant}{each[17:20]}-{each[20:]}"
