"""The sandbox image: one tiny program that sleeps for ever, made on the spot so that no registry is needed.

A sandbox container only holds the pod's namespaces. The program is a static ELF file of some 130 bytes whose only
instruction is to call ``pause`` again and again.
"""

from __future__ import annotations

import io
import platform
import struct
import tarfile

from sampan.core.errors import ConfigError

PAUSE_IMAGE = "sampan/pause:1"
PAUSE_COMMAND = "/pause"

_LOAD_ADDRESS = 0x400000
_HEADERS = 64 + 56
_CODE = {
    # mov eax, 34 (pause); syscall; jmp to the start
    "x86_64": (62, bytes.fromhex("b8220000000f05ebf7")),
    # x0..x4 = 0; x8 = 73 (ppoll); svc 0; branch to the start
    "aarch64": (
        183,
        bytes.fromhex("000080d2010080d2020080d2030080d2040080d2280980d2010000d4f9ffff17"),
    ),
}


def pause_program(machine: str) -> bytes:
    """The ELF file for a machine as ``uname -m`` names it. Raises `ConfigError` for one that is not known."""
    try:
        number, code = _CODE[machine]
    except KeyError:
        raise ConfigError(f"containers on {machine} machines are not supported: x86_64 and aarch64 are") from None
    size = _HEADERS + len(code)
    elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf += struct.pack("<HHIQQQIHHHHHH", 2, number, 1, _LOAD_ADDRESS + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x1000)
    return elf + segment + code


def pause_root(machine: str = "") -> bytes:
    """A tar archive of the image's root file system."""
    program = pause_program(machine or platform.machine())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(PAUSE_COMMAND.lstrip("/"))
        entry.size = len(program)
        entry.mode = 0o755
        archive.addfile(entry, io.BytesIO(program))
    return buffer.getvalue()
