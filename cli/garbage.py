"""Python's garbage collector as a command needs it: it looks for cycles seldom, and not at all when everything ends.

A command makes some hundred thousand objects, nearly all of them modules and classes that stay. To go through them while
they are loaded, and once more as the interpreter ends, took a quarter of the processor's time of a short command.
"""

from __future__ import annotations

import gc
from typing import Final

SELDOM: Final = (50_000, 20, 100)
"""How many new objects are made before Python looks for cycles (default: 700, 10, 10). A write to the API makes a thousand
and leaves hardly any cycle, and each look goes through all that the watch caches hold."""


def collect_seldom() -> None:
    """From now on, in this process."""
    gc.set_threshold(*SELDOM)


def leave_all_to_the_end() -> None:
    """What there is now is not looked at again: the process ends, and its memory goes with it."""
    gc.freeze()
