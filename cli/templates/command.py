"""A command: ``sampan ferry --plugin ./ferry.py`` says how many pods there are on each node."""

from __future__ import annotations

from collections import Counter

import click

from sampan.cli.session import Session, with_session
from sampan.plugin import Registry, hookimpl


@click.command("ferry")
@with_session
def ferry(session: Session) -> None:
    """Count the pods on each node."""
    pods = session.api.get("/api/v1/pods")["items"]
    counts = Counter(pod["spec"].get("nodeName", "no node") for pod in pods)
    for node, count in sorted(counts.items()):
        click.echo(f"{node}: {count}")


def make_command() -> click.Command:
    """Counts the pods on each node."""
    return ferry


@hookimpl
def sampan_register(registry: Registry) -> None:
    registry.command("ferry", make_command)
