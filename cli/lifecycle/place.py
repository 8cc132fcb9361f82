"""Which cluster a lifecycle command is about: its name and its data directory.

The default is a folder of the user's own (``~/.local/share/sampan/NAME`` on Linux, for root too), so that nobody's
cluster needs, or gets, rights that its user has not. A cluster's folder says what its name is; a folder elsewhere is found
by that name too (see `sampan.cli.lifecycle.known`).
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from sampan.cli.completion import complete_cluster
from sampan.cli.options import Choices
from sampan.core.classes import frozen
from sampan.core.datadir import DataDir, Decisions
from sampan.core.errors import ConfigError

P = ParamSpec("P")
R = TypeVar("R")
DEFAULT_NAME = "sampan"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?")


@frozen
class Place:
    name: str
    data_dir: Path

    @property
    def directory(self) -> DataDir:
        return DataDir(self.data_dir)

    def decisions(self) -> Decisions:
        """What was settled at the first start. Raises `ConfigError` where there is no cluster."""
        if not self.directory.exists():
            raise ConfigError(f"there is no cluster in {self.data_dir}: start one with `{self.command('up')}`")
        return self.directory.decisions(self.name)

    def command(self, verb: str) -> str:
        """What to type for another command about this cluster: ``sampan stop --name dev``."""
        words = ["sampan", verb]
        if self.data_dir != default_data_dir(self.name):
            words += ["--data-dir", str(self.data_dir)]
            if not self.directory.exists() and self.name != DEFAULT_NAME:
                words += ["--name", self.name]
        elif self.name != DEFAULT_NAME:
            words += ["--name", self.name]
        return shlex.join(words)


def home() -> Path:
    """Where the folders of this user's clusters are."""
    from platformdirs import user_data_path

    return user_data_path("sampan")


def default_data_dir(name: str) -> Path:
    return home() / name


def with_place(command: Callable[Concatenate[Place, P], R]) -> Callable[..., R]:
    """Add ``--name`` and ``--data-dir``; the command gets the `Place` of a cluster that is there as its first argument."""
    return _with_place(command, found_place)


def with_new_place(command: Callable[Concatenate[Place, P], R]) -> Callable[..., R]:
    """The same for a command that makes the cluster where there is none."""
    return _with_place(command, new_place)


def _with_place(
    command: Callable[Concatenate[Place, P], R], find: Callable[[str, Path | None], Place]
) -> Callable[..., R]:
    @functools.wraps(command)
    def wrapped(*args: Any, name: str, data_dir: Path | None, **kwargs: Any) -> R:
        if name and not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot be a cluster's name: use at most 40 letters, digits and dashes, no dash at the ends"
            )
        place = find(name, data_dir.expanduser().absolute() if data_dir else None)
        return command(place, *args, **kwargs)

    named = click.option(
        "--name",
        default="",
        envvar="SAMPAN_NAME",
        shell_complete=complete_cluster,
        help=f"The cluster's name, and its context's (default: {DEFAULT_NAME}, or the only one there is).",
    )
    placed = click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        envvar="SAMPAN_DATA_DIR",
        help="Folder for all of its data (default: one of your own, by its name).",
    )
    return named(placed(wrapped))


def new_place(name: str, data_dir: Path | None) -> Place:
    """Of the cluster to start: one that is there, or a new one. Raises `ConfigError` where name and folder disagree."""
    from sampan.cli.lifecycle.known import known_place

    if data_dir is not None:
        return _in_folder(name, data_dir)
    name = name or DEFAULT_NAME
    return known_place(name) or Place(name, default_data_dir(name))


def found_place(name: str, data_dir: Path | None) -> Place:
    """Of a cluster that is there: as named, else the default one, else the only one.

    Raises `ConfigError` where there are several others and none is named.
    """
    from sampan.cli.lifecycle.known import known_places

    if data_dir is not None or name:
        return new_place(name, data_dir)
    default = Place(DEFAULT_NAME, default_data_dir(DEFAULT_NAME))
    if default.directory.exists():
        return default
    others = known_places()
    if len(others) > 1:
        names = ", ".join(place.name for place in others)
        raise ConfigError(f"there are several clusters ({names}): say which with --name, see `sampan clusters`")
    return others[0] if others else default


def _in_folder(name: str, data_dir: Path) -> Place:
    directory = DataDir(data_dir)
    if not directory.exists():
        return Place(name or DEFAULT_NAME, data_dir)
    kept = directory.decisions(name).cluster or name or DEFAULT_NAME
    if name not in ("", kept):
        raise ConfigError(f"{data_dir} holds the cluster {kept!r}, not {name!r}")
    return Place(kept, data_dir)


def kubeconfig_to_write(given: Path | None) -> Path:
    """The person's kubeconfig: named before or after the command, else where kubectl looks."""
    from sampan.core.kubeconfig import default_path

    said = click.get_current_context().find_object(Choices)
    return given or (said.kubeconfig if said else None) or default_path()
