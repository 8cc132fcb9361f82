"""/etc/hosts, /etc/resolv.conf and /etc/hostname of a pod: what they say, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sampan.core.contracts.runtime_config import SandboxConfig

NAMES = {"hosts": "/etc/hosts", "resolv.conf": "/etc/resolv.conf", "hostname": "/etc/hostname"}
MOST_NAMESERVERS = 3


def write(folder: Path, config: SandboxConfig, ips: Iterable[str], default_servers: tuple[str, ...]) -> None:
    """Into the sandbox's folder."""
    texts = {
        "hosts": hosts(config, ips),
        "resolv.conf": resolv_conf(config, default_servers),
        "hostname": f"{config.hostname or config.name}\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)


def hosts(config: SandboxConfig, ips: Iterable[str]) -> str:
    """For containers that the node agent gives no file of its own: names of this machine, and the pod's."""
    if config.host_network:
        text = Path("/etc/hosts").read_text() if Path("/etc/hosts").exists() else "127.0.0.1\tlocalhost\n"
    else:
        text = (
            "127.0.0.1\tlocalhost\n"
            "::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n"
            "fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        ) + "".join(f"{ip}\t{config.hostname or config.name}\n" for ip in ips)
    return text


def resolv_conf(config: SandboxConfig, default_servers: tuple[str, ...]) -> str:
    """What the pod asked for, else the cluster's servers, else the host's own file."""
    servers = config.dns_servers or default_servers
    if not servers and not config.dns_searches and not config.dns_options:
        return _hosts_own()
    lines = [f"nameserver {server}" for server in servers[:MOST_NAMESERVERS]]
    if config.dns_searches:
        lines.append(f"search {' '.join(config.dns_searches)}")
    if config.dns_options:
        lines.append(f"options {' '.join(config.dns_options)}")
    return "".join(f"{line}\n" for line in lines)


def _hosts_own() -> str:
    """Of systemd-resolved not the stub at 127.0.0.53, which pods cannot reach, but what is behind it."""
    for path in (Path("/run/systemd/resolve/resolv.conf"), Path("/etc/resolv.conf")):
        if path.exists():
            return path.read_text()
    return ""
