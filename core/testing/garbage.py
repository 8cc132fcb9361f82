"""Sparing the garbage collector what a test's cluster is made of: it stays until the cluster ends, all of it.

Going through it costs as much as a third of a start, and going through a test process's whole memory more than that. So
it is set aside while the cluster is there, and looked for after some clusters: each leaves two megabytes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

CLUSTERS_PER_COLLECTION = 25
_ended = 0


@contextmanager
def set_aside() -> Iterator[None]:
    """What is there at the end of the block is left alone until `taken_back`."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def taken_back() -> None:
    """A cluster has ended."""
    global _ended
    gc.unfreeze()
    _ended += 1
    if _ended % CLUSTERS_PER_COLLECTION == 0:
        gc.collect()
