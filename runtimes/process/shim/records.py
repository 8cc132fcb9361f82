"""Small JSON files that are whole or not there, and proof that a recorded process is still the same one.

Used on both sides: the supervisors write them, the runtime reads them (any thread).
"""

from __future__ import annotations

import functools
import json
import os


def write(path: str, record: object, *, lasting: bool = True) -> None:
    """Atomically: readers see the old file or the new one, also after a power cut.

    Where it is not ``lasting`` it may be gone after one: for what is written again, or ends with the machine.
    """
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        if lasting:
            os.fsync(file.fileno())  # else the new name may come to the disk before what it stands for
    os.rename(temporary, path)


def read(path: str) -> dict[str, object] | None:
    """``None`` where there is no such file, or one without a record in it."""
    try:
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return record if isinstance(record, dict) else None


@functools.cache
def boot_id() -> str:
    """Another one after every start of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def start_time(pid: int) -> int | None:
    """Clock ticks since boot at which the process began; ``None`` where there is none, or only its zombie.

    With the boot it names a process for good: pids are used again, start times are not.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def identity(pid: int) -> dict[str, object]:
    """What `is_alive` needs to know a process again."""
    return {"pid": pid, "start_time": start_time(pid), "boot": boot_id()}


def is_alive(process: object) -> bool:
    """Is the process of this `identity` still there?"""
    if not isinstance(process, dict) or process.get("boot") != boot_id():
        return False
    started = start_time(int(process["pid"]))
    return started is not None and started == process.get("start_time")
