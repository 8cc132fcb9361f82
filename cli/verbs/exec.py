"""``sampan exec``: a command in a running container, with the person's terminal if they want."""

from __future__ import annotations

import sys
from urllib.parse import urlencode

import click

from sampan.cli.completion import complete_pod
from sampan.cli.pods import container_of, pods_of
from sampan.cli.session import Session, with_session
from sampan.core.errors import ConfigError


@click.command("exec")
@click.argument("word", metavar="POD | TYPE/NAME", shell_complete=complete_pod)
@click.option("-c", "--container", default="", help="Which container.")
@click.option("-i", "--stdin", is_flag=True, help="Pass what is typed on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing of our own.")
@with_session
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- COMMAND ARGS…")
def exec_(
    session: Session, word: str, container: str, stdin: bool, tty: bool, quiet: bool, command: tuple[str, ...]
) -> None:
    """Run a command in a container: `exec web -- ls /`, `exec -it web -- sh`."""
    if not command:
        raise ConfigError("you must specify at least one command for the container")
    pod = pods_of(session, word)[0]
    metadata = pod["metadata"]
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        raise ConfigError(f"cannot exec into a container in a completed pod; current phase is {pod['status']['phase']}")
    name = container_of(pod, container)
    if tty and not (stdin and sys.stdin.isatty()):
        click.echo("Unable to use a TTY - input is not a terminal or the right kind of file", err=True)
        tty = False
    query = [("command", word) for word in command]
    query += [("container", name), ("stdin", str(stdin).lower()), ("stdout", "true")]
    query += [("stderr", str(not tty).lower()), ("tty", str(tty).lower())]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/exec?{urlencode(query)}"

    from sampan.cli.channels import run_remote

    code = run_remote(session.api, path, stdin=stdin, tty=tty)
    if code and not quiet:
        click.echo(f"command terminated with exit code {code}", err=True)
    raise click.exceptions.Exit(code)
