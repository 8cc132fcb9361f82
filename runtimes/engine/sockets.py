"""Whether something answers on an engine's socket. Cheap: no SDK is imported."""

from __future__ import annotations

import socket
from pathlib import Path


def connect_problem(path: Path, engine: str, remedy: str) -> str | None:
    """Why nothing answers on a unix socket, in one sentence; ``None``: it does."""
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
