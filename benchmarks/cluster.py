"""A real ``sampan up`` for benchmarks: its own process, data directory and kubeconfig, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Users have compiled modules: pip compiles what it installs, and Python what it imports."""
MODULE = ["-m", "sampan.cli.main"]
NAME = "bench"


@attrs.define
class Running:
    """A cluster under measurement."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    started: float
    command: tuple[str, ...] = ()

    @property
    def kubeconfig(self) -> Path:
        return self.data_dir / "kubeconfig"

    def kubectl(self, *words: str, check: bool = True) -> str:
        command = [find_kubectl(), "--kubeconfig", str(self.kubeconfig), *words]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout

    def start_again(self) -> None:
        """Ended, and started on what it has stored. Perhaps not ready yet."""
        self.process.terminate()
        self.process.wait()
        self.kubeconfig.unlink(missing_ok=True)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)

    def resident_bytes(self) -> int:
        """Of the control plane's process."""
        return resident_bytes(self.process.pid)

    def cpu_seconds(self) -> float:
        """Used by the control plane's process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


def resident_bytes(pid: int | str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has ended")


def find_kubectl() -> str:
    found = shutil.which("kubectl")
    if found is None:
        raise SystemExit("benchmarks need a kubectl on PATH")
    return found


@contextlib.contextmanager
def cluster(runtime: str, *options: str, python: str = sys.executable) -> Iterator[Running]:
    """Started, perhaps not ready yet. ``python`` is the interpreter that has the sampan to measure."""
    with tempfile.TemporaryDirectory(prefix="sampan-bench.") as folder:
        place = ["--data-dir", f"{folder}/data", "--name", NAME]
        settings = ["--port", "0", "--runtime", runtime, "--kubeconfig", f"{folder}/config", *options]
        command = [python, *MODULE, "up", *place, *settings]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        running = Running(process, Path(folder) / "data", started, tuple(command))
        try:
            yield running
        finally:
            running.process.terminate()
            running.process.wait()
            down = [python, *MODULE, "down", "--purge", *place, "--kubeconfig", f"{folder}/config"]
            subprocess.run(down, check=True, stdout=subprocess.DEVNULL)


def until_ready(running: Running) -> float:
    """Seconds from the start to the first `kubectl get nodes` that shows a Ready node."""
    while True:
        if running.process.poll() is not None:
            raise SystemExit("the cluster ended before it was ready")
        if running.kubeconfig.exists() and " Ready " in running.kubectl("get", "nodes", check=False):
            return time.perf_counter() - running.started
        time.sleep(0.01)
