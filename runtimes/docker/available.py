"""Whether there is a Docker engine to talk to. Cheap: no SDK is imported."""

from __future__ import annotations

import os
from pathlib import Path

from sampan.runtimes.engine.sockets import connect_problem

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
REMEDY = "install and start Docker (package docker.io), or set DOCKER_HOST"


def address() -> str:
    """Where Docker is looked for."""
    return os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS


def unavailable() -> str | None:
    """Why Docker cannot be used here, in one sentence; ``None``: it answers."""
    scheme, _, path = address().partition("://")
    if scheme != "unix":
        return None  # only trying to connect would tell: making the runtime says what is wrong
    return connect_problem(Path(path), "Docker", REMEDY)
