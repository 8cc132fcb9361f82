"""Which cluster a lifecycle command is about: its name and its data directory.

The default is a folder of the user's own (``~/.local/share/sampan/NAME`` on Linux, for root too), so that nobody's
cluster needs, or gets, rights that its user has not.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs
import click

from sampan.cli.options import Choices
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")
DEFAULT_NAME = "sampan"


@attrs.frozen
class Place:
    name: str
    data_dir: Path

    @property
    def directory(self) -> DataDir:
        return DataDir(self.data_dir)

    def decisions(self) -> Decisions:
        """What was settled at the first start. Raises `ConfigError` where there is no cluster."""
        if not self.directory.exists():
            raise ConfigError(f"there is no cluster in {self.data_dir}: start one with `sampan up`")
        return self.directory.decisions(self.name)


def default_data_dir(name: str) -> Path:
    from platformdirs import user_data_path

    return user_data_path("sampan") / name


def with_place(command: Callable[Concatenate[Place, P], R]) -> Callable[..., R]:
    """Add ``--name`` and ``--data-dir``; the command gets a `Place` as its first argument."""

    @functools.wraps(command)
    def wrapped(*args: Any, name: str, data_dir: Path | None, **kwargs: Any) -> R:
        if not name or "/" in name or name.startswith("."):
            raise ConfigError(f"{name!r} cannot be a cluster's name: use letters, digits and dashes")
        place = Place(name, (data_dir or default_data_dir(name)).expanduser().absolute())
        return command(place, *args, **kwargs)

    named = click.option(
        "--name",
        default=DEFAULT_NAME,
        envvar="SAMPAN_NAME",
        show_default=True,
        help="The cluster's name, and its context's.",
    )
    placed = click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        envvar="SAMPAN_DATA_DIR",
        help="Folder for all of its data (default: one of your own, by its name).",
    )
    return named(placed(wrapped))


def kubeconfig_to_write(given: Path | None) -> Path:
    """The person's kubeconfig: named before or after the command, else where kubectl looks."""
    from sampan.core.kubeconfig import default_path

    said = click.get_current_context().find_object(Choices)
    return given or (said.kubeconfig if said else None) or default_path()
