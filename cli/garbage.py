"""Python's garbage collector as a command needs it: it looks for cycles seldom, and not at all when everything ends.

A command makes some hundred thousand objects, nearly all of them modules and classes that stay. To go through them while
they are loaded, and once more as the interpreter ends, took a quarter of the processor's time of a short command.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = (50_000, 20, 100)
"""How many new objects are made before Python looks for cycles (default: 700, 10, 10). A write to the API makes a thousand
and leaves hardly any cycle, and each look goes through all that the watch caches hold."""


def collect_seldom() -> None:
    """From now on, in this process."""
    gc.set_threshold(*SELDOM)


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Until the end, or `collect_what_comes`: nearly all that is made meanwhile stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def collect_what_comes() -> None:
    """From now on, and never look at what there is now: a process that goes on keeps its modules and classes.

    Cycles that are garbage already stay, some megabytes of them: to find them takes as long as a tenth of a start, and
    every later look would go through all the rest again, while requests wait.
    """
    gc.freeze()
    gc.enable()


def leave_all_to_the_end() -> None:
    """What there is now is not looked at again: the process ends, and its memory goes with it."""
    gc.freeze()
