"""A variable out of a file in one of the pod's volumes: ``valueFrom.fileKeyRef``. Called in a worker thread.

The file is in the pod's hands: it is opened without being led out of the volume, must be a plain file, and is read so far.
https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-via-file/
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sampan.core.host import beneath

LONGEST = 1 << 20
"""Bytes."""
BLANK = " \t"


class UnreadableFile(Exception):
    """It is no file of variables, or none that may be read: one sentence."""


def read_variable(volume: Path, path: str, key: str) -> str:
    """The variable's value; empty where there is none. Raises `UnreadableFile`, and `FileNotFoundError`."""
    try:
        root = os.open(volume, os.O_PATH | os.O_CLOEXEC)
        try:
            found = beneath.open_existing(root, path)
        finally:
            os.close(root)
    except beneath.LeadsOut as exc:
        raise UnreadableFile(f"{path} leads out of the volume") from exc
    try:
        text = _read(found, path)
    finally:
        os.close(found)
    return find_variable(text, key)


def _read(found: int, path: str) -> str:
    """Of a descriptor that was made with ``O_PATH``."""
    if not stat.S_ISREG(os.fstat(found).st_mode):
        raise UnreadableFile(f"{path} is not a regular file")
    with open(f"/proc/self/fd/{found}", "rb") as file:
        data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise UnreadableFile(f"{path} is larger than {LONGEST} bytes")
    return data.decode(errors="surrogateescape")


def find_variable(text: str, key: str) -> str:
    """``KEY='value'`` a line, as a shell would read it: a value may have several lines, and a comment behind it.

    ``KEY= 'value'`` is an empty one. What comes after the variable is not looked at. Raises `UnreadableFile`.
    """
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        line = line.removesuffix("\r").lstrip(BLANK)
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name or name != name.rstrip(BLANK):
            raise UnreadableFile(f"line {number} is not NAME='value'")
        if value.startswith(tuple(BLANK)):
            if name == key:
                return ""
            continue
        if not value.startswith("'"):
            raise UnreadableFile(f"the value in line {number} has no single quotes")
        parts = [value[1:]]
        while "'" not in parts[-1]:
            _, more = next(lines, (0, None))
            if more is None:
                raise UnreadableFile(f"the quote in line {number} is not closed")
            parts.append(more.removesuffix("\r"))
        last, _, behind = parts.pop().partition("'")
        if behind.lstrip(BLANK) and not behind.lstrip(BLANK).startswith("#"):
            raise UnreadableFile(f"something follows the value of line {number}")
        if name == key:
            return "\n".join([*parts, last])
    return ""
