"""Services carried by HAProxy: ``sampan up --plugin haproxy.py --proxy haproxy``, with Debian's package ``haproxy``.

One configuration for all Services. A change starts a new HAProxy that takes over from the old one, which ends when its last
connection does; so no connection is dropped. TCP alone, which is what HAProxy carries.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from sampan.plugin import ConfigError, ProxyBase, ProxyReport, ProxySettings, Registry, ServicePort, hookimpl

RANGE = "127.97.0.0/16"
"""This host's own already: no route to add, and nobody else reaches it."""
GLOBAL = """\
global
  stats socket {folder}/admin level admin
  pidfile {folder}/pid
defaults
  mode tcp
  balance roundrobin
  retries 3
  option redispatch 1
  timeout connect 2s
  timeout client 1h
  timeout server 1h
"""
SECONDS = 5.0


class HAProxy(ProxyBase):
    def __init__(self, settings: ProxySettings) -> None:
        super().__init__(settings)
        self._program = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
        self._folder = settings.state_dir
        self._serving: dict[str, ServicePort] = {}

    def service_cidr(self) -> str:
        return RANGE

    def start(self) -> None:
        if self._program is None:
            raise ConfigError("haproxy is not installed: install the package haproxy")
        self._folder.mkdir(parents=True, exist_ok=True)

    def sync(self, desired: Sequence[ServicePort]) -> ProxyReport:
        failures = [(each, "HAProxy carries TCP alone") for each in desired if each.protocol != "TCP"]
        wanted = {name_of(each): each for each in desired if each.protocol == "TCP" and each.endpoints}
        if wanted == self._serving and not failures:
            return ProxyReport()
        for name in self._serving.keys() - wanted.keys():
            self._ask(f"shutdown frontend {name}")  # refuse from now on; what is connected goes on
        while said := self._take_over(wanted):
            taken = [name for name in wanted if re.search(rf"\b{re.escape(name)}\b", said)]
            if not taken:
                failures += [(each, said.strip().splitlines()[0]) for each in wanted.values()]
                break
            failures += [(wanted.pop(name), f"another program has {name.removeprefix('s-')} already") for name in taken]
        self._serving = wanted
        return ProxyReport(failures=tuple(failures))

    def close(self) -> None:
        pid = self._pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + SECONDS
            while _is_there(pid) and time.monotonic() < end:
                time.sleep(0.01)
            (self._folder / "pid").unlink(missing_ok=True)
        self._serving = {}

    destroy = close

    def _take_over(self, wanted: dict[str, ServicePort]) -> str:
        """Start a HAProxy with these, which lets the one before end; what it says where it cannot."""
        config = self._folder / "haproxy.cfg"
        sections = (section(name, each) for name, each in wanted.items())
        config.write_text(GLOBAL.format(folder=self._folder) + "".join(sections))
        before = self._pid()
        words = [str(self._program), "-D", "-f", str(config), *(["-sf", str(before)] if before else [])]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return done.stderr or "haproxy failed"
        end = time.monotonic() + SECONDS
        while before and _two_listen() and time.monotonic() < end:
            time.sleep(0.01)
        return ""

    def _pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            return int((self._folder / "pid").read_text().split()[0])
        return None

    def _ask(self, words: str) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._folder / "admin"))
            admin.sendall(f"{words}\n".encode())
            admin.recv(4096)


def name_of(service: ServicePort) -> str:
    return f"s-{service.ip}-{service.port}"


def section(name: str, service: ServicePort) -> str:
    return "".join(f"{line}\n" for line in (f"listen {name}", *(f"  {line}" for line in _lines(service))))


def _lines(service: ServicePort) -> Iterable[str]:
    yield f"bind {service.ip}:{service.port}"
    if service.sources:
        yield f"tcp-request connection reject unless {{ src {' '.join(service.sources)} }}"
    if service.affinity_seconds:
        yield f"stick-table type ip size 64k expire {service.affinity_seconds}s"
        yield "stick on src"
    for each in service.endpoints:
        yield f"server {each.ip}-{each.port} {each.ip}:{each.port}"


def _two_listen() -> bool:
    """Whether the one before still takes connections, by the rules of before."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    ours = [row[1] for row in rows if row[3] == "0A" and "617F:" in row[1]]  # listening in 127.97.0.0/16
    return len(ours) != len(set(ours))


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.proxy("haproxy", HAProxy)
