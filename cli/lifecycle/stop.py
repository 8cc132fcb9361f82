"""``sampan stop``: the control plane ends, pods go on."""

from __future__ import annotations

import os
import signal
import time

import click

from sampan.cli.lifecycle.place import Place, with_place
from sampan.core.errors import ConfigError

_STEP = 0.05
"""Seconds between two looks at whether the data directory is free."""


@click.command()
@click.option("--timeout", type=float, default=60, show_default=True, help="Seconds to wait for it.")
@with_place
def stop(place: Place, timeout: float) -> None:
    """End the control plane; pods go on, and `sampan up` takes them over again."""
    place.decisions()  # there must be one
    if end_control_plane(place, timeout):
        click.echo(f"cluster {place.name!r} stopped; its pods go on (start it again with `{place.command('up')}`)")
    else:
        click.echo(f"cluster {place.name!r} is not running")


def end_control_plane(place: Place, timeout: float) -> bool:
    """Ask the process that holds the data directory to end, and wait until it has. Returns whether there was one.

    Raises `ConfigError` where it may not be asked, or has not ended after ``timeout`` seconds.
    """
    holder = place.directory.holder()
    if holder is None:
        return False
    if holder == 0:
        raise ConfigError(f"{place.data_dir} is held by a process that has not said which: try again")
    try:
        os.kill(holder, signal.SIGTERM)
    except ProcessLookupError:
        return True
    except PermissionError as exc:
        raise ConfigError(f"process {holder} runs the cluster as another user: stop it as that user") from exc
    deadline = time.monotonic() + timeout
    while place.directory.holder() == holder:
        if time.monotonic() > deadline:
            raise ConfigError(f"process {holder} has not ended after {timeout:g} s: see {place.directory.log_file}")
        time.sleep(_STEP)
    return True
