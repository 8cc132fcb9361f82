"""``sampan describe``: what an object is and how it is, for people to read, with its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import click

from sampan.cli.completion import complete_object
from sampan.cli.describe.events import event_lines
from sampan.cli.describe.text import Lines
from sampan.cli.failures import sentence
from sampan.cli.manifests import files_options, read_manifests
from sampan.cli.session import Session, with_session
from sampan.cli.tabs import align
from sampan.cli.targets import Target, targets_of, targets_of_files
from sampan.core.errors import ApiError, ConfigError, NotFound

_DESCRIBERS: Mapping[tuple[str, str], str] = {
    ("", "Pod"): "pod:describe_pod",
    ("", "Service"): "service:describe_service",
    ("", "Node"): "node:describe_node",
    ("", "ConfigMap"): "data:describe_config_map",
    ("", "Secret"): "data:describe_secret",
    ("", "ServiceAccount"): "data:describe_service_account",
    ("", "Namespace"): "data:describe_namespace",
    ("", "ReplicationController"): "workloads:describe_replicas",
    ("apps", "ReplicaSet"): "workloads:describe_replicas",
    ("apps", "Deployment"): "workloads:describe_deployment",
}
_WITHOUT_EVENTS = {("", "Secret"), ("", "Namespace")}


@click.command()
@click.argument("arguments", nargs=-1, metavar="TYPE [NAME…] | TYPE/NAME…", shell_complete=complete_object)
@files_options
@click.option("-l", "--selector", default="", help="Label selector.")
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("--show-events", type=bool, default=True, help="With the object's events.")
@with_session
def describe(
    session: Session,
    arguments: tuple[str, ...],
    filenames: tuple[str, ...],
    recursive: bool,
    selector: str,
    all_namespaces: bool,
    show_events: bool,
) -> None:
    """Tell about objects at length: `describe pod web`, `describe deployments`."""
    if filenames:
        targets = targets_of_files(session, read_manifests(filenames, recursive=recursive))
    elif arguments:
        targets = targets_of(session.resources, arguments, "" if all_namespaces else session.namespace)
    else:
        raise ConfigError("You must specify the type of resource to describe.")
    printed, failed = False, False
    for target in targets:
        try:
            found = _find(session, target, selector)
        except ApiError as exc:
            click.echo(sentence(exc), err=True)
            failed = True
            continue
        for obj in found:
            if printed:
                click.echo("\n")
            click.echo(describe_object(session, target, obj, show_events=show_events), nl=False)
            printed = True
    if failed:
        raise click.exceptions.Exit(1)
    if not printed:
        space = "" if all_namespaces else f" in {session.namespace} namespace."
        click.echo(f"No resources found{space}", err=True)


def _find(session: Session, target: Target, selector: str) -> list[dict[str, Any]]:
    """The objects meant; a name that is not there means those that begin with it."""
    if target.name:
        try:
            return [session.api.get(target.path)]
        except NotFound:
            listed = session.api.get(target.resource.path(target.namespace))["items"]
            found = [item for item in listed if item["metadata"]["name"].startswith(target.name)]
            if not found:
                raise
            return [_about(target) | item for item in found]
    items = session.api.get(target.path, {"labelSelector": selector})["items"]
    return [_about(target) | item for item in items]


def _about(target: Target) -> dict[str, Any]:
    return {"apiVersion": target.resource.api_version, "kind": target.resource.kind}


def describe_object(session: Session, target: Target, obj: dict[str, Any], *, show_events: bool = True) -> str:
    """The whole text about one object."""
    kind = (target.resource.group, target.resource.kind)
    module, _, name = _DESCRIBERS.get(kind, "generic:describe_generic").partition(":")
    describer: Callable[[Session, dict[str, Any]], Lines] = getattr(
        import_module(f"sampan.cli.describe.{module}"), name
    )
    lines = describer(session, obj)
    if not show_events or kind in _WITHOUT_EVENTS:
        return align("\n".join(lines)) + "\n"
    events = event_lines(session, obj)
    if len(events) == 1:
        return align("\n".join([*lines, *events])) + "\n"
    # A table of events has columns of its own.
    return align("\n".join([*lines, events[0]])) + "\n" + align("\n".join(events[1:])) + "\n"
