"""``sampan version``: of the program, and of the server where one answers."""

from __future__ import annotations

import json
from importlib.metadata import version as installed

import click

from sampan.cli.failures import sentence
from sampan.cli.session import Session, with_session
from sampan.core.errors import SampanError


@click.command()
@click.option("--client", is_flag=True, help="Only the program's.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@with_session
def version(session: Session, client: bool, output: str) -> None:
    """Print the versions of sampan and of the server."""
    found = {"sampan": installed("sampan")}
    problem = ""
    if not client:
        try:
            found["server"] = session.api.get("/version")["gitVersion"]
        except SampanError as exc:
            problem = sentence(exc)
    if output == "json":
        click.echo(json.dumps(found, indent=4))
    else:
        click.echo(f"sampan {found['sampan']}")
        if "server" in found:
            click.echo(f"server {found['server']}")
    if problem:
        click.echo(problem, err=True)
