"""``sampan plugins list``: which plugins there are, from where, what they bring and what is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sampan.cli.lifecycle.place import Place, with_place
from sampan.cli.tabs import table

if TYPE_CHECKING:
    from sampan.core.datadir import Decisions
    from sampan.core.plugins import Plugins
    from sampan.core.registry import Part


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """Show which plugins are loaded, and what they bring."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@plugins.command("list")
@click.option("--block-plugin", "blocked", multiple=True, metavar="NAME", help="Leave a plugin out.")
@with_place
def list_(place: Place, blocked: tuple[str, ...]) -> None:
    """List plugins, their parts, and what this cluster uses."""
    from sampan.core.plugins import load_plugins

    found = load_plugins(blocked=blocked)
    click.echo(table([["PLUGIN", "FROM"], *([each.name, each.source] for each in found.loaded)]))
    decisions = place.directory.decisions(place.name)
    rows = [["SORT", "NAME", "PLUGIN", "STATE"], *_parts(found, decisions)]
    click.echo(table(rows), nl=False)


def _parts(found: Plugins, decisions: Decisions) -> Iterator[list[str]]:
    registry = found.registry
    chosen = {
        "runtime": decisions.runtime,
        "proxy": decisions.proxy,
        "store": decisions.store.partition(":")[0],
    }
    for parts in (
        registry.runtimes,
        registry.proxies,
        registry.stores,
        registry.volume_drivers,
        registry.schedulers,
        registry.scheduler_plugins,
        registry.controllers,
        registry.admissions,
        registry.authenticators,
        registry.authorizers,
        registry.commands,
    ):
        part: Part[Any]
        for part in parts:
            yield [parts.sort, part.name, part.plugin, _state(part, parts.sort in chosen, chosen.get(parts.sort, ""))]


def _state(part: Part[Any], pick_one: bool, chosen: str) -> str:
    if part.name == chosen:
        return "chosen"
    if not pick_one:
        return "in use"
    if reason := part.unavailable():
        return f"cannot work here: {reason}"
    return "available"
