"""What this machine is and has: read once when an agent is made."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from sampan.core.classes import frozen
from sampan.core.ip import FAMILIES, IPV4, IPV6, Family
from sampan.core.model.meta import Quantity

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
NOWHERE = {IPV4: "192.0.2.1", IPV6: "2001:db8::1"}
"""Addresses of nobody (RFC 5737, 3849): asking the way there tells our own address, and sends nothing."""

LEAST_MEMORY, LEAST_DISK = 100 << 20, 512 << 20
"""Bytes that must be left; below, the machine is under pressure."""


@frozen(kw_only=True)
class Machine:
    hostname: str
    ips: Mapping[str, str]
    """By IP family."""
    capacity: Mapping[str, Quantity]
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    kernel_version: str = ""
    os_image: str = ""
    architecture: str = "amd64"


def this_machine(disk: Path = Path("/")) -> Machine:
    machine_id = _line(Path("/etc/machine-id"))
    return Machine(
        hostname=socket.gethostname().lower(),
        ips={each.name: address for each in FAMILIES if (address := own_address(each))},
        capacity={
            "cpu": Quantity(str(len(os.sched_getaffinity(0)))),
            "memory": Quantity(f"{_meminfo('MemTotal:')}Ki"),
            "pods": Quantity("110"),
            "ephemeral-storage": Quantity(f"{shutil.disk_usage(disk).total // 1024}Ki"),
            "hugepages-1Gi": Quantity("0"),
            "hugepages-2Mi": Quantity("0"),
        },
        machine_id=machine_id,
        system_uuid=_line(Path("/sys/class/dmi/id/product_uuid")) or machine_id,
        boot_id=_line(Path("/proc/sys/kernel/random/boot_id")),
        kernel_version=platform.release(),
        os_image=_os_image(),
        architecture=ARCHITECTURES.get(platform.machine(), platform.machine()),
    )


def pressures(data_dir: Path) -> frozenset[str]:
    """Which of ``MemoryPressure``, ``DiskPressure`` and ``PIDPressure`` the machine is under now."""
    found = set()
    if 0 < _meminfo("MemAvailable:") * 1024 < LEAST_MEMORY:
        found.add("MemoryPressure")
    disk = shutil.disk_usage(data_dir if data_dir.exists() else Path("/"))
    if disk.free < LEAST_DISK:
        found.add("DiskPressure")
    last, most = _line(Path("/proc/loadavg")).split()[3].partition("/")[2], _line(Path("/proc/sys/kernel/pid_max"))
    if int(last or 0) > int(most or 1 << 22) * 9 // 10:
        found.add("PIDPressure")
    return frozenset(found)


def own_address(family: Family = IPV4) -> str:
    """The address by which this machine goes to others. Without a network it is 127.0.0.1, and none of IPv6."""
    without = family.loopback if family is IPV4 else ""
    try:
        with socket.socket(family.sockets, socket.SOCK_DGRAM) as asker:
            asker.connect((NOWHERE[family], 9))
            return str(asker.getsockname()[0])
    except OSError:
        return without


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _meminfo(name: str) -> int:
    """KiB."""
    for line in _line(Path("/proc/meminfo")).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"
