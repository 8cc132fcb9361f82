"""Resource limits and use by control groups, where this process may make them: version 2, or version 1's controllers."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import Resources

ROOT = Path("/sys/fs/cgroup")
PERIOD_MICROS = 100_000
V1_CONTROLLERS = ("cpu", "cpuacct", "memory")
V2_CONTROLLERS = ("cpu", "memory")


class ControlGroups:
    """``tag`` names this node's part of the tree. ``available`` is found out by `start`."""

    def __init__(self, tag: str, root: Path = ROOT) -> None:
        self._name = f"sampan-{tag}"
        self._root = root
        self._bases: list[Path] = []

    @property
    def available(self) -> bool:
        return bool(self._bases)

    def start(self) -> None:
        """Make this node's folders, if the kernel lets us."""
        try:
            self._bases = self._make_v2() if (self._root / "cgroup.controllers").exists() else self._make_v1()
        except OSError:
            self._bases = []

    def create(self, container_id: str, resources: Resources) -> list[str]:
        """A group for one container with its limits; empty where there are none to be had."""
        folders = []
        for base in self._bases:
            folder = base / container_id
            folder.mkdir(exist_ok=True)
            for name, value in limits(resources).items():
                if (folder / name).exists():
                    with contextlib.suppress(OSError):  # below what it uses already, or swap accounting is off
                        (folder / name).write_text(value)
            folders.append(str(folder))
        return folders

    def destroy(self) -> None:
        """Remove this node's folders: all groups in them are empty by now. Idempotent; needs no `start`."""
        for base in {self._root / self._name, *(self._root / name / self._name for name in V1_CONTROLLERS)}:
            if base.is_dir():
                for folder in [*(each for each in base.iterdir() if each.is_dir()), base]:
                    with contextlib.suppress(OSError):
                        folder.rmdir()

    def _make_v2(self) -> list[Path]:
        base = self._root / self._name
        enabled = " ".join(f"+{name}" for name in V2_CONTROLLERS)
        (self._root / "cgroup.subtree_control").write_text(enabled)
        base.mkdir(exist_ok=True)
        (base / "cgroup.subtree_control").write_text(enabled)
        return [base]

    def _make_v1(self) -> list[Path]:
        hierarchies = {os.path.realpath(self._root / name) for name in V1_CONTROLLERS}
        bases = [Path(hierarchy) / self._name for hierarchy in sorted(hierarchies)]
        for base in bases:
            base.mkdir(exist_ok=True)
        return bases


def update(folders: list[str], resources: Resources) -> None:
    """New limits for a group that is in use. Raises `RuntimeFailure` where the kernel refuses one.

    Version 1 wants memory and memory with swap in the order in which the smaller stays the smaller: both are tried twice.
    """
    for folder in map(Path, folders):
        wanted = {name: value for name, value in limits(resources).items() if (folder / name).exists()}
        for last in (False, True):
            refused = {name: exc for name, value in wanted.items() if (exc := _write(folder / name, value))}
            wanted = {name: value for name, value in wanted.items() if name in refused and "sw" not in name}
            if last and wanted:
                name = next(iter(wanted))
                raise RuntimeFailure(f"the kernel refuses {name} {wanted[name]}: {refused[name].strerror}")


def _write(path: Path, value: str) -> OSError | None:
    try:
        path.write_text(value)
    except OSError as exc:
        return exc
    return None


def limits(resources: Resources) -> dict[str, str]:
    """File → value, for both versions: each has those files that its version knows."""
    values: dict[str, str] = {}
    if resources.memory_bytes:
        values |= {
            "memory.limit_in_bytes": str(resources.memory_bytes),
            "memory.memsw.limit_in_bytes": str(resources.memory_bytes),
            "memory.max": str(resources.memory_bytes),
            "memory.swap.max": "0",
        }
    if resources.cpu_shares:
        values |= {"cpu.shares": str(resources.cpu_shares), "cpu.weight": str(weight(resources.cpu_shares))}
    if resources.cpu_quota_micros:
        values |= {
            "cpu.cfs_period_us": str(PERIOD_MICROS),
            "cpu.cfs_quota_us": str(resources.cpu_quota_micros),
            "cpu.max": f"{resources.cpu_quota_micros} {PERIOD_MICROS}",
        }
    return values


def weight(shares: int) -> int:
    """Version 1's shares (2 to 262144) as version 2's weight (1 to 10000), as the kubelet converts them."""
    return 1 + (max(2, min(shares, 262144)) - 2) * 9999 // 262142


def use(folders: list[str]) -> tuple[int, int] | None:
    """(CPU nanoseconds, working set in bytes): memory without the file cache that can be dropped at once."""
    cpu: int | None = None
    memory: int | None = None
    for folder in map(Path, folders):
        with contextlib.suppress(OSError):
            cpu = int((folder / "cpuacct.usage").read_text())
        with contextlib.suppress(OSError):
            cpu = _field(folder / "cpu.stat", "usage_usec") * 1000 or cpu
        for current, inactive in (
            ("memory.usage_in_bytes", "total_inactive_file"),
            ("memory.current", "inactive_file"),
        ):
            with contextlib.suppress(OSError):
                memory = max(0, int((folder / current).read_text()) - _field(folder / "memory.stat", inactive))
    return None if cpu is None or memory is None else (cpu, memory)


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
