"""The one way to nftables: a script that the kernel takes whole or not at all. Blocking; any thread."""

from __future__ import annotations

import shutil
import subprocess

from sampan.core.host.netlink import HostNetworkError

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def is_installed() -> bool:
    return shutil.which("nft", path=PATH) is not None


def run(script: str) -> None:
    """Raises `HostNetworkError` with nft's own first words, also where it is not installed; then nothing has changed."""
    program = shutil.which("nft", path=PATH)
    if program is None:
        raise HostNetworkError("nft is not installed")
    done = subprocess.run([program, "-f", "-"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostNetworkError(f"nft: {(done.stderr.strip().splitlines() or ['failed'])[0]}")


def delete_table(family: str, name: str) -> None:
    """With all that is in it. Idempotent, and nothing where nft is not installed."""
    if is_installed():
        run(f"add table {family} {name}\ndelete table {family} {name}\n")
