"""The one way to nftables: a script that the kernel takes whole or not at all. Blocking; any thread."""

from __future__ import annotations

import shutil
import subprocess

from sampan.core.errors import ConfigError
from sampan.core.host.netlink import HostNetworkError

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def is_installed() -> bool:
    return shutil.which("nft", path=PATH) is not None


def run(script: str) -> None:
    """Raises `HostNetworkError` with nft's own first words, also where it is not installed; then nothing has changed."""
    done = _asked("-f", "-", script=script)
    if done.returncode:
        raise HostNetworkError(f"nft: {(done.stderr.strip().splitlines() or ['failed'])[0]}")


def check_own(family: str, name: str, chain: str) -> None:
    """Raises `ConfigError` where there is a table of this name without ``chain``: it is somebody else's."""
    if is_foreign(family, name, chain):
        raise ConfigError(
            f"nftables has a table `{family} {name}` that is none of sampan's: take it away with"
            f" `nft delete table {family} {name}`"
        )


def is_foreign(family: str, name: str, chain: str) -> bool:
    if not is_installed():
        return False
    listed = _asked("--terse", "list", "table", family, name)
    return not listed.returncode and f"chain {chain} {{" not in listed.stdout


def _asked(*words: str, script: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which("nft", path=PATH)
    if program is None:
        raise HostNetworkError("nft is not installed")
    return subprocess.run([program, *words], input=script, capture_output=True, text=True, check=False)


def delete_table(family: str, name: str) -> None:
    """With all that is in it. Idempotent, and nothing where nft is not installed."""
    if is_installed():
        run(f"add table {family} {name}\ndelete table {family} {name}\n")
