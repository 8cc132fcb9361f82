"""``sampan delete``: by name, file, label, field or all of a kind; then waits until what was deleted is gone."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import click
import orjson

from sampan.cli.completion import complete_object
from sampan.cli.durations import Duration
from sampan.cli.failures import ServerError, each
from sampan.cli.manifests import files_options, read_manifests
from sampan.cli.output import DRY_RUN_WORDS, Output, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.targets import Target, targets_of, targets_of_files
from sampan.core.classes import frozen
from sampan.core.errors import ApiError, ConfigError, Expired, NotFound

_CASCADES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan", "true": "Background"}
_WAIT_STEP = 30
"""Seconds of one watch while waiting; then the object is looked at again."""


@frozen(kw_only=True)
class _How:
    propagation: str
    grace_period: int | None
    force: bool
    ignore_not_found: bool
    dry_run: str
    output: Output

    @property
    def body(self) -> dict[str, Any]:
        options: dict[str, Any] = {"propagationPolicy": self.propagation}
        if self.grace_period is not None:
            options["gracePeriodSeconds"] = self.grace_period
        return options | ({"dryRun": ["All"]} if self.dry_run == "server" else {})


@click.command()
@click.argument("arguments", nargs=-1, metavar="TYPE NAME… | TYPE/NAME…", shell_complete=complete_object)
@files_options
@output_option
@dry_run_option
@click.option("-l", "--selector", default="", help="Label selector.")
@click.option("--field-selector", default="", help="Field selector.")
@click.option("--all", "everything", is_flag=True, help="All of the kinds named.")
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("--wait", default=True, type=bool, is_flag=False, flag_value=True, help="Return when they are gone.")
@click.option("--timeout", type=Duration(), default=0.0, help="Longest time to wait (0: no end).")
@click.option("--grace-period", type=int, default=-1, help="Seconds that pods get to end.")
@click.option("--now", is_flag=True, help="A grace period of one second.")
@click.option("--force", is_flag=True, help="Do not wait for the pod's node to confirm.")
@click.option(
    "--cascade", default="background", is_flag=False, flag_value="background", help="What becomes of what they own."
)
@click.option("--ignore-not-found", is_flag=True, help="Say nothing about names that are not there.")
@with_session
def delete(
    session: Session,
    arguments: tuple[str, ...],
    filenames: tuple[str, ...],
    recursive: bool,
    output: Output,
    dry_run: str,
    selector: str,
    field_selector: str,
    everything: bool,
    all_namespaces: bool,
    wait: bool,
    timeout: float,
    grace_period: int,
    now: bool,
    force: bool,
    cascade: str,
    ignore_not_found: bool,
) -> None:
    """Delete objects, and wait until they are gone."""
    how = _How(
        propagation=_propagation(cascade),
        grace_period=_grace_period(grace_period, now, force),
        force=force,
        ignore_not_found=ignore_not_found or everything or bool(selector),
        dry_run=dry_run,
        output=output,
    )
    targets = _targets(session, arguments, filenames, recursive, selector, field_selector, everything, all_namespaces)
    if not targets:
        click.echo("No resources found", err=True)
        return
    if force and dry_run == "none":
        click.echo(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated."
            " The resource may continue to run on the cluster indefinitely.",
            err=True,
        )
    deadline = time.monotonic() + timeout if timeout else math.inf
    deleted: list[tuple[Target, str]] = []
    try:
        each(targets, lambda target: deleted.extend(_delete(session, target, how)))
    finally:
        if wait and dry_run == "none":
            each(deleted, lambda pair: _wait(session, *pair, deadline))


def _propagation(cascade: str) -> str:
    if cascade not in _CASCADES:
        raise ConfigError(f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"')
    return _CASCADES[cascade]


def _grace_period(asked: int, now: bool, force: bool) -> int | None:
    """Zero means one second unless forced: an object must not vanish while its containers run."""
    if now and asked != -1:
        raise ConfigError("--now and --grace-period cannot be specified together")
    if force and asked > 0:
        raise ConfigError("--force and --grace-period greater than 0 cannot be specified together")
    if force:
        return 0
    if now or asked == 0:
        return 1
    return asked if asked > 0 else None


def _targets(
    session: Session,
    arguments: Sequence[str],
    filenames: Sequence[str],
    recursive: bool,
    selector: str,
    field_selector: str,
    everything: bool,
    all_namespaces: bool,
) -> list[Target]:
    if filenames:
        return targets_of_files(session, read_manifests(filenames, recursive=recursive))
    if not arguments:
        raise ConfigError("You must provide one or more resources by argument or filename.")
    named = targets_of(session.resources, arguments, "" if all_namespaces else session.namespace)
    chosen = everything or selector or field_selector
    if any(target.name for target in named):
        if chosen:
            raise ConfigError("name cannot be provided when a selector is specified")
        return named
    if not chosen:
        raise ConfigError("resource(s) were provided, but no name was specified")
    query = {"labelSelector": selector, "fieldSelector": field_selector}
    return [
        Target(kind.resource, item["metadata"]["name"], item["metadata"].get("namespace", ""))
        for kind in named
        for item in session.api.get(kind.path, query)["items"]
    ]


def _delete(session: Session, target: Target, how: _How) -> Iterator[tuple[Target, str]]:
    """Delete one; yields it with its uid where there may be something to wait for."""
    try:
        if how.dry_run == "client":
            answer = session.api.get(target.path)
        else:
            answer = session.api.request("DELETE", target.path, how.body)
    except NotFound as exc:
        if how.ignore_not_found:
            return
        raise (ServerError(f'error when deleting "{target.source}"', exc) if target.source else exc) from exc
    except ApiError as exc:
        if not target.source:
            raise
        raise ServerError(f'error when deleting "{target.source}"', exc) from exc
    _say(target, how)
    uid = (answer.get("details") or {}).get("uid") or answer.get("metadata", {}).get("uid", "")
    yield target, uid


def _say(target: Target, how: _How) -> None:
    if how.output.name == "name":
        click.echo(target.reference)
        return
    verb = "force deleted" if how.force else "deleted"
    place = f" from {target.namespace} namespace" if target.resource.namespaced else ""
    click.echo(f'{target.resource.title} "{target.name}" {verb}{place}{DRY_RUN_WORDS[how.dry_run]}')


def _wait(session: Session, target: Target, uid: str, deadline: float) -> None:
    """Return when the object is gone, or another is there under its name."""
    while True:
        try:
            found = session.api.get(target.path)
        except NotFound:
            return
        if uid and found["metadata"]["uid"] != uid:
            return
        left = deadline - time.monotonic()
        if left <= 0 or _gone_while_watching(session, target, found, min(left, _WAIT_STEP)):
            break
    if left <= 0:
        raise ConfigError(f"timed out waiting for the condition on {target.resource.plural}/{target.name}")


def _gone_while_watching(session: Session, target: Target, found: dict[str, Any], seconds: float) -> bool:
    query = {
        "watch": "true",
        "fieldSelector": f"metadata.name={target.name}",
        "resourceVersion": found["metadata"]["resourceVersion"],
        "timeoutSeconds": max(1, math.ceil(seconds)),
    }
    path = target.resource.path(target.namespace)
    try:
        return any(orjson.loads(line)["type"] == "DELETED" for line in session.api.stream(path, query))
    except Expired:
        return False
