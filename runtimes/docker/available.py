"""Whether there is a Docker engine to talk to. Cheap: no SDK is imported."""

from __future__ import annotations

import os
import socket
from pathlib import Path

DEFAULT_SOCKET = Path("/var/run/docker.sock")


def unavailable() -> str | None:
    """Why Docker cannot be used here, in one sentence; ``None``: it answers."""
    host = os.environ.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        return None  # only trying to connect would tell: `start` says what is wrong
    path = Path(host.removeprefix("unix://")) if host else DEFAULT_SOCKET
    return connect_problem(path, "Docker", "install and start Docker (package docker.io), or set DOCKER_HOST")


def connect_problem(path: Path, engine: str, remedy: str) -> str | None:
    """Why nothing answers on a unix socket, in one sentence."""
    if not path.exists():
        return f"no {engine} socket at {path}: {remedy}"
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except PermissionError:
            return f"{path} may not be used by this user: join its group, or run as root"
        except OSError as exc:
            return f"{engine} does not answer on {path} ({exc.strerror or exc}): start it"
    return None
