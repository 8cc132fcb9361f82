"""``sampan image``: images of the chosen runtime, straight from it, whether the control plane runs or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampan.cli.lifecycle.known import note_of
from sampan.cli.lifecycle.place import Place, with_place
from sampan.cli.plugin_options import load_working
from sampan.cli.progress import steps
from sampan.cli.tabs import table
from sampan.core.errors import ConfigError

if TYPE_CHECKING:
    from sampan.core.contracts.runtime import Image, Runtime

_UNITS = ("B", "KB", "MB", "GB", "TB")


@click.group(invoke_without_command=True)
@click.pass_context
def image(ctx: click.Context) -> None:
    """Load images from files; list those that are there."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@image.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@with_place
def load(place: Place, files: tuple[Path, ...]) -> None:
    """Make images of the runtime from `docker save` or OCI archives."""
    for file in files:
        if not file.is_file():
            raise ConfigError(f"there is no file {file}")
    with _runtimes(place) as runtimes:
        first, *others = runtimes
        if not first.capabilities().loads_images:
            raise ConfigError(f"the runtime {first.info().name} has no images to load")
        with steps("loading images") as shown:
            for file in files:
                shown.begin(f"loading {file}")
                names = first.load_images(file.absolute())
                for other in others:
                    _load_where_missing(file, names, first, other)
                for name in names:
                    shown.say(f"Loaded image: {name}")


@image.command("ls")
@with_place
def list_(place: Place) -> None:
    """List the runtime's images."""
    with _runtimes(place) as runtimes:
        rows = {tuple(row) for runtime in runtimes for found in runtime.list_images() for row in _rows(found)}
    click.echo(table([["IMAGE", "ID", "SIZE"], *sorted(map(list, rows))]), nl=False)


def _load_where_missing(file: Path, names: Sequence[str], first: Runtime, other: Runtime) -> None:
    """The nodes of one engine have their images in common; nodes without an engine each have their own."""

    def known(runtime: Runtime) -> list[str]:
        return [found.id if (found := runtime.image(name)) else "" for name in names]

    if known(other) != known(first):
        other.load_images(file.absolute())


@contextmanager
def _runtimes(place: Place) -> Iterator[list[Runtime]]:
    """The runtime of each node here. Raises `ConfigError` where there is no cluster yet."""
    from sampan.core.cluster.here import open_runtimes
    from sampan.core.config import Config

    place.decisions()
    plugins = load_working(note_of(place).plugins, host_only=True)
    runtimes = open_runtimes(Config(cluster=place.name, data_dir=place.data_dir), plugins)
    try:
        yield runtimes
    finally:
        for runtime in runtimes:
            runtime.close()


def _rows(found: Image) -> Iterator[list[str]]:
    short = found.id.partition(":")[2][:12] or found.id[:12]
    for name in found.tags or found.digests or ("<none>",):
        yield [name, short, _size(found.size)]


def _size(size: float) -> str:
    """Bytes in decimal units, as engines print them."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size:.3g}{_UNITS[unit]}"
