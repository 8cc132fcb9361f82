"""A pod's resolv.conf, as a file of its own that is mounted into its containers.

On a network of its own an engine would put a resolver of its own between the pod and the servers that were asked for.
The files lie in the runtime's folder, one per sandbox.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from sampan.core.contracts.runtime_config import Mount, SandboxConfig

RESOLV_CONF = "/etc/resolv.conf"


class ResolverFiles:
    """The resolv.conf files of one runtime's sandboxes, by pod uid and attempt. Any thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, config: SandboxConfig) -> None:
        """Nothing where the pod asks for no servers: the engine's own file serves."""
        if not config.dns_servers:
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file(config.uid, config.attempt).write_text(resolv_conf(config))

    def mounts(self, uid: str, attempt: int) -> tuple[Mount, ...]:
        file = self._file(uid, attempt)
        return (Mount(host_path=str(file), container_path=RESOLV_CONF),) if file.exists() else ()

    def remove(self, uid: str, attempt: int) -> None:
        self._file(uid, attempt).unlink(missing_ok=True)

    def destroy(self) -> None:
        for file in self._directory.glob("*.resolv.conf"):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._directory.rmdir()

    def _file(self, uid: str, attempt: int) -> Path:
        return self._directory / f"{uid}-{attempt}.resolv.conf"


def resolv_conf(config: SandboxConfig) -> str:
    lines = []
    if config.dns_searches:
        lines.append(f"search {' '.join(config.dns_searches)}")
    lines += [f"nameserver {server}" for server in config.dns_servers]
    if config.dns_options:
        lines.append(f"options {' '.join(config.dns_options)}")
    return "\n".join(lines) + "\n"
