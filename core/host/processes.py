"""Processes of this machine that outlive who started them: found again by their command, and ended without doubt."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sampan.core.host.polling import readable

ENDS_WITHIN = 5.0
PROC = Path("/proc")


def find_by_arguments(tail: Sequence[str]) -> list[int]:
    """Those whose command line ends with exactly these words."""
    wanted = [os.fsencode(word) for word in tail]
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile, or is another user's
                words = (entry / "cmdline").read_bytes().split(b"\0")[:-1]
                if words[-len(wanted) :] == wanted:
                    found.append(int(entry.name))
    return found


def end(pid: int, within: float = ENDS_WITHIN) -> None:
    """End a process, without its consent where it takes longer than ``within`` seconds. Returns when it is no more."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            if readable([handle], within):
                return
    finally:
        os.close(handle)
