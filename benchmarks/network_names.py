"""DNS queries a second and their latency, by cluster DNS and by dnsmasq with the same names, in turns."""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import dns.message

from benchmarks.in_turns import in_turns
from sampan.core.contracts.name_server import NameServerSettings, Record
from sampan.core.services.records import zone_records
from sampan.plugins.dns.child import processes_of
from sampan.plugins.dns.process import DnsProcess

HERE = "127.0.0.1"
OURS, THEIRS = 15353, 15354
NAMES = {f"s{number}.default.svc.cluster.local": f"10.96.1.{number}" for number in range(100)}
ROUNDS = 5
SECONDS = 3
PROBES = 2000
GOAL_RATE, GOAL_RATIO = 20_000, 0.5


def report() -> Iterator[str]:
    dnsmasq = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin")
    if shutil.which("dnsperf") is None or dnsmasq is None:
        yield "DNS: install dnsperf and dnsmasq-base"
        return
    with _ours() as process, _dnsmasq(dnsmasq):
        cpu = _cpu_seconds(process)
        rates = in_turns(ROUNDS, lambda: _rate(THEIRS), lambda: _rate(OURS))
        own = (ROUNDS + 1) * SECONDS * rates[1] / (_cpu_seconds(process) - cpu)
        yield (
            f"DNS: {rates[1]:,.0f} queries/s (goal >= {GOAL_RATE:,} on a quiet core; {own:,.0f} for each second of its own"
            f" CPU time), dnsmasq {rates[0]:,.0f}/s ({rates[2]:.2f}, goal >= {GOAL_RATIO})"
        )
        times = in_turns(ROUNDS, lambda: _p99(THEIRS), lambda: _p99(OURS))
        yield f"DNS p99, one query at a time: {times[1] * 1e6:,.0f} us, dnsmasq {times[0] * 1e6:,.0f} us ({times[2]:.2f})"


@contextlib.contextmanager
def _ours() -> Iterator[int]:
    """The number of its process."""
    with tempfile.TemporaryDirectory() as folder:
        settings = NameServerSettings(state_dir=Path(folder), domain="cluster.local")
        server = DnsProcess(settings)
        server.put("zone", zone_records())
        for name, address in NAMES.items():
            server.put(name, [Record(name, "A", address)])
        server.start(HERE, OURS)
        try:
            yield processes_of(settings)[0]
        finally:
            server.destroy()


@contextlib.contextmanager
def _dnsmasq(program: str) -> Iterator[None]:
    words = [f"--host-record={name},{address}" for name, address in NAMES.items()]
    words += ["--port", str(THEIRS), f"--listen-address={HERE}", "--bind-interfaces", "--conf-file=/dev/null"]
    process = subprocess.Popen([program, "--keep-in-foreground", "--no-resolv", "--pid-file=", *words])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _rate(port: int) -> float:
    """Queries a second, by dnsperf."""
    with tempfile.NamedTemporaryFile("w") as asked:
        asked.writelines(f"{name} {type_}\n" for name in NAMES for type_ in ("A", "AAAA"))
        asked.flush()
        place = ["-s", HERE, "-p", str(port), "-d", asked.name]
        words = ["dnsperf", *place, "-l", str(SECONDS), "-c", "16", "-q", "100"]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    figures = dict(line.strip().split(":", 1) for line in said.splitlines() if ":" in line)
    return float(figures["Queries per second"])


def _p99(port: int) -> float:
    """Seconds."""
    queries = [dns.message.make_query(name, "A").to_wire() for name in NAMES]
    took = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((HERE, port))
        for number in range(PROBES):
            start = time.perf_counter()
            client.send(queries[number % len(queries)])
            client.recv(4096)
            took.append(time.perf_counter() - start)
    return statistics.quantiles(took, n=100)[-1]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
