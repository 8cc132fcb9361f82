"""``sampan image``: images of the chosen runtime, straight from it, whether the control plane runs or not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampan.cli.lifecycle.place import Place, with_place
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
    with _runtime(place) as runtime:
        if not runtime.capabilities().loads_images:
            raise ConfigError(f"the runtime {runtime.info().name} has no images to load")
        for file in files:
            if sys.stderr.isatty():
                click.echo(f"loading {file} …", err=True)
            for name in runtime.load_images(file.absolute()):
                click.echo(f"Loaded image: {name}")


@image.command("ls")
@with_place
def list_(place: Place) -> None:
    """List the runtime's images."""
    with _runtime(place) as runtime:
        rows = [row for found in runtime.list_images() for row in _rows(found)]
    click.echo(table([["IMAGE", "ID", "SIZE"], *sorted(rows)]), nl=False)


@contextmanager
def _runtime(place: Place) -> Iterator[Runtime]:
    """The cluster's runtime. Raises `ConfigError` where there is no cluster yet."""
    from sampan.core.cluster import open_runtime
    from sampan.core.config import Config
    from sampan.core.plugins import load_plugins

    place.decisions()
    runtime = open_runtime(Config(cluster=place.name, data_dir=place.data_dir), load_plugins())
    try:
        yield runtime
    finally:
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
