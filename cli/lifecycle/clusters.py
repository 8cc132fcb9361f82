"""``sampan clusters``: every cluster of this user, and whether it runs."""

from __future__ import annotations

import json

import click

from sampan.cli.lifecycle.known import known_places, note_of
from sampan.cli.tabs import table
from sampan.core.errors import ConfigError


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print them.")
def clusters(output: str) -> None:
    """List your clusters, wherever their data are."""
    found = []
    for place in known_places():
        try:
            decisions, holder = place.directory.decisions(place.name), place.directory.holder()
        except (ConfigError, OSError) as exc:
            click.echo(f"warning: {exc}", err=True)
            continue
        found.append(
            {
                "name": place.name,
                "running": holder is not None,
                "process": holder,
                "runtime": decisions.runtime,
                "nodes": len(decisions.nodes),
                "kubeconfig": note_of(place).kubeconfig,
                "dataDir": str(place.data_dir),
            }
        )
    if output == "json":
        click.echo(json.dumps(found, indent=4))
        return
    if not found:
        click.echo("There is no cluster: start one with `sampan up`.", err=True)
        return
    rows = [
        [
            str(each["name"]),
            f"running ({each['process']})" if each["running"] else "stopped",
            str(each["runtime"]),
            str(each["nodes"]),
            str(each["dataDir"]),
        ]
        for each in found
    ]
    click.echo(table([["NAME", "STATE", "RUNTIME", "NODES", "DATA"], *rows]), nl=False)
