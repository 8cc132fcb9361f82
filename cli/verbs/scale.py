"""``sampan scale``: how many pods an object has, through its scale subresource."""

from __future__ import annotations

from typing import Any

import click

from sampan.cli.completion import complete_object
from sampan.cli.failures import each
from sampan.cli.manifests import files_options, read_manifests
from sampan.cli.output import Output, done, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.targets import Target, targets_of, targets_of_files
from sampan.core.errors import ConfigError


@click.command()
@click.argument("arguments", nargs=-1, metavar="TYPE NAME… | TYPE/NAME…", shell_complete=complete_object)
@files_options
@click.option("--replicas", type=int, required=True, help="How many pods it shall have.")
@click.option("--current-replicas", type=int, default=-1, help="Only if it has this many now.")
@click.option("--resource-version", default="", help="Only if it has this resourceVersion.")
@click.option("-l", "--selector", default="", help="Label selector.")
@click.option("--all", "everything", is_flag=True, help="All of the kinds named.")
@output_option
@dry_run_option
@with_session
def scale(
    session: Session,
    arguments: tuple[str, ...],
    filenames: tuple[str, ...],
    recursive: bool,
    replicas: int,
    current_replicas: int,
    resource_version: str,
    selector: str,
    everything: bool,
    output: Output,
    dry_run: str,
) -> None:
    """Set how many pods an object has: `scale deployment web --replicas=3`."""
    if replicas < 0:
        raise ConfigError(
            f"The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0, not {replicas}"
        )
    targets = _targets(session, arguments, filenames, recursive, selector, everything)
    if not targets:
        raise ConfigError("no objects passed to scale")

    def act(target: Target) -> None:
        _check(session, target, current_replicas, resource_version)
        scaled: dict[str, Any] = {"metadata": {"name": target.name}}
        if dry_run != "client":
            scaled = session.api.request(
                "PATCH",
                target.resource.path(target.namespace, target.name, "scale"),
                {"spec": {"replicas": replicas}},
                query={"dryRun": "All" if dry_run == "server" else None},
                content_type="application/merge-patch+json",
            )
        done(output, target.reference, "scaled", scaled, dry_run)

    each(targets, act)


def _targets(
    session: Session,
    arguments: tuple[str, ...],
    filenames: tuple[str, ...],
    recursive: bool,
    selector: str,
    everything: bool,
) -> list[Target]:
    if filenames:
        return targets_of_files(session, read_manifests(filenames, recursive=recursive))
    if not arguments:
        raise ConfigError("one object must be named: TYPE NAME, or TYPE/NAME")
    targets = targets_of(session.resources, arguments, session.namespace)
    if all(target.name for target in targets):
        return targets
    if not (selector or everything):
        raise ConfigError("resource(s) were provided, but no name was specified")
    return [
        Target(target.resource, item["metadata"]["name"], item["metadata"].get("namespace", ""))
        for target in targets
        for item in session.api.get(target.path, {"labelSelector": selector})["items"]
    ]


def _check(session: Session, target: Target, current_replicas: int, resource_version: str) -> None:
    """Refuse where the object is not as the person thinks."""
    if current_replicas < 0 and not resource_version:
        session.api.get(target.path)
        return
    now = session.api.get(target.resource.path(target.namespace, target.name, "scale"))
    count = now.get("spec", {}).get("replicas", 0)
    if current_replicas >= 0 and count != current_replicas:
        raise ConfigError(f"Expected replicas to be {current_replicas}, was {count}")
    version = now["metadata"]["resourceVersion"]
    if resource_version and version != resource_version:
        raise ConfigError(f"Expected resource version to be {resource_version}, was {version}")
