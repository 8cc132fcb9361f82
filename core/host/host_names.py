"""This host's own resolver, told to ask a cluster's DNS: people and programs here then find Services by the names of pods.

systemd-resolved takes a file of its own and asks the cluster about its domain alone. Where there is none, the cluster's DNS
becomes the first server in ``/etc/resolv.conf``: it passes other names on, and where it does not answer, the next server is
asked. Only one cluster at a time, as all have the same domain. Needs root; blocking.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sampan.core.errors import ConfigError
from sampan.core.host.resolver import MARK, STUB

RESOLV_CONF = "etc/resolv.conf"
DROP_INS = "run/systemd/resolved.conf.d"
"""Gone with the machine's next start, as the cluster's addresses are."""
UNIT = "systemd-resolved"


class HostNames:
    """What the cluster that keeps its data in ``owner`` has entered. ``root`` is where the host's files are."""

    def __init__(self, owner: Path, root: Path = Path("/")) -> None:
        self._id = sha256(os.fsencode(owner.absolute())).hexdigest()[:12]
        self._file = root / RESOLV_CONF
        self._folder = root / DROP_INS
        self._drop_in = self._folder / f"sampan-{self._id}.conf"

    def line(self, address: str) -> str:
        """For those who keep their resolver's files themselves."""
        return f"nameserver {address} {MARK}{self._id}"

    def is_installed(self) -> bool:
        return self._drop_in.exists() or any(each.endswith(MARK + self._id) for each in self._lines())

    def install(self, domain: str, address: str) -> Path:
        """Which file says so now. Idempotent. Raises `ConfigError` where another cluster has, or it may not be written."""
        self._check_free()
        self.uninstall()
        if not self._asks_resolved():
            _write(self._file, "".join(f"{each}\n" for each in (self.line(address), *self._lines())))
            return self._file
        self._folder.mkdir(parents=True, exist_ok=True)
        _write(self._drop_in, f"[Resolve]\nDNS={address}\nDomains=~{domain}\n")
        _load_anew()
        return self._drop_in

    def uninstall(self) -> bool:
        """Whether there was something to take out. Idempotent. Raises `ConfigError` where that may not be."""
        found = False
        lines = self._lines()
        kept = [each for each in lines if not each.endswith(MARK + self._id)]
        if kept != lines:
            _write(self._file, "".join(f"{each}\n" for each in kept))
            found = True
        if self._drop_in.exists():
            with _explained(self._drop_in):
                self._drop_in.unlink()
            _load_anew()
            found = True
        return found

    def _check_free(self) -> None:
        others = [each for each in self._folder.glob("sampan-*.conf") if each != self._drop_in]
        lines = [each for each in self._lines() if MARK in each and not each.endswith(MARK + self._id)]
        if others or lines:
            where = others[0] if others else self._file
            raise ConfigError(
                f"another cluster answers for this host already ({where}): end that with `sampan dns uninstall` first,"
                " with its --name or --data-dir"
            )

    def _asks_resolved(self) -> bool:
        return any(each.split()[:2] == ["nameserver", STUB] for each in self._lines())

    def _lines(self) -> list[str]:
        try:
            return self._file.read_text().splitlines()
        except FileNotFoundError:
            return []


def _write(path: Path, text: str) -> None:
    """Whole or not at all, but where the file cannot be replaced, as in a container that has it mounted."""
    path = path.resolve()  # a link stays one
    beside = path.with_name(f".{path.name}.sampan")
    with _explained(path):
        try:
            beside.write_text(text)
            if path.exists():
                shutil.copystat(path, beside)
            _put_in_place(beside, path, text)
        finally:
            beside.unlink(missing_ok=True)


def _put_in_place(beside: Path, path: Path, text: str) -> None:
    try:
        beside.replace(path)
    except OSError as exc:
        if exc.errno != errno.EBUSY:
            raise
        path.write_text(text)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        needs = "" if os.geteuid() == 0 else ", which needs root"
        raise ConfigError(f"cannot change {path}{needs}: {exc.strerror}") from exc


def _load_anew() -> None:
    """Raises `ConfigError` where it does not."""
    done = subprocess.run(["systemctl", "restart", UNIT], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"{UNIT} does not take it: {done.stderr.strip() or 'systemctl failed'}")
