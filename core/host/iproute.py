"""Routes and links through the ``ip`` command.

A netlink library costs 0.2 s and 20 MB at start-up, a fifth of what a whole cluster may take; ``ip`` is on every Debian
and Ubuntu and takes 3 ms. Blocking: call it from a worker thread.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from sampan.core.errors import ConfigError, SampanError

CANDIDATE_SERVICE_CIDRS = tuple(f"10.{second}.0.0/16" for second in range(96, 112))


class HostNetworkError(SampanError):
    """What the kernel said to a change of routes or links."""


def ip(*words: str) -> str:
    """Run ``ip WORDS``; returns what it printed.

    Raises `HostNetworkError` with its own message, `ConfigError` where it is missing.
    """
    command = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if command is None:
        raise ConfigError("the 'ip' command is missing: install the package iproute2")
    done = subprocess.run([command, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise HostNetworkError(f"ip {' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def routes(table: str = "main") -> list[dict[str, Any]]:
    """The IPv4 routes of a table, as ``ip -json route`` tells them."""
    found: list[dict[str, Any]] = json.loads(ip("-4", "-json", "route", "show", "table", table) or "[]")
    return found


def used_networks() -> list[ipaddress.IPv4Network]:
    """Every IPv4 range that has a route here, but for the default one."""
    used = []
    for route in [*routes("main"), *routes("local")]:
        if route["dst"] != "default":
            used.append(ipaddress.IPv4Network(route["dst"], strict=False))
    return used


def free_network(candidates: tuple[str, ...], taken: Sequence[ipaddress.IPv4Network] = ()) -> str:
    """The first candidate that overlaps nothing routed here. Raises `ConfigError` where all do.

    Those that overlap something ``taken`` without a route come last.
    """
    used = used_networks()
    for avoided in ([*used, *taken], used):
        for candidate in candidates:
            network = ipaddress.IPv4Network(candidate)
            if not any(network.overlaps(other) for other in avoided):
                return candidate
    raise ConfigError(f"every one of {candidates[0]} … {candidates[-1]} is in use here: name a free range yourself")
