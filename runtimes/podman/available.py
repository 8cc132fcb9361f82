"""Whether there is a Podman to talk to, and where. Cheap: no SDK is imported."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sampan.runtimes.engine.sockets import connect_problem

REMEDY = "install Podman (package podman), or set CONTAINER_HOST"


def address() -> str | None:
    """Where Podman answers already: CONTAINER_HOST, else a default socket; ``None``: a service must be started."""
    if host := os.environ.get("CONTAINER_HOST"):
        return host
    for path in default_sockets():
        if connect_problem(path, "Podman", "") is None:
            return f"unix://{path}"
    return None


def default_sockets() -> list[Path]:
    """The system's for root; a user's own for everybody else, who has no use for root's pods."""
    if os.geteuid() == 0:
        return [Path("/run/podman/podman.sock")]
    folder = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    return [Path(folder) / "podman" / "podman.sock"]


def unavailable() -> str | None:
    """Why Podman cannot be used here, in one sentence; ``None``: it can."""
    scheme, _, path = (os.environ.get("CONTAINER_HOST") or "").partition("://")
    if scheme == "unix":
        return connect_problem(Path(path), "Podman", REMEDY)
    if scheme or address() or shutil.which("podman"):
        return None
    return f"there is neither a Podman socket nor the podman command: {REMEDY}"
