"""``sampan create``: objects from files, and a sub-command for each kind that is made from options alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from sampan.cli.failures import ServerError, each
from sampan.cli.manifests import Manifest, files_options, read_manifests
from sampan.cli.output import Output, done, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.targets import target_of_manifest
from sampan.core.errors import ApiError, ConfigError

_KINDS = {
    "configmap": ("create_data:configmap", "From literals, files and folders."),
    "deployment": ("create_objects:deployment", "A Deployment of one or more images."),
    "namespace": ("create_objects:namespace", "A namespace."),
    "secret": ("create_data:secret", "A generic secret from literals, files and folders."),
    "service": ("create_service:service", "A clusterip, nodeport, loadbalancer or externalname service."),
    "serviceaccount": ("create_objects:serviceaccount", "A service account."),
}
_SHORT = {"cm": "configmap", "deploy": "deployment", "ns": "namespace", "sa": "serviceaccount", "svc": "service"}
VALIDATION = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}


class _Kinds(click.Group):
    """Sub-commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = _KINDS.get(_SHORT.get(cmd_name, cmd_name))
        if known is None:
            return None
        module, _, name = known[0].partition(":")
        command = getattr(import_module(f"sampan.cli.verbs.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Kinds"):
            formatter.write_dl([(name, text) for name, (_, text) in _KINDS.items()])


@click.group(cls=_Kinds, invoke_without_command=True)
@click.pass_context
@files_options
@output_option
@dry_run_option
@click.option("--validate", type=click.Choice(sorted(VALIDATION)), default="strict", help="What to do about typos.")
@with_session
def create(
    session: Session,
    ctx: click.Context,
    filenames: tuple[str, ...],
    recursive: bool,
    output: Output,
    dry_run: str,
    validate: str,
) -> None:
    """Make objects: `create -f FILE`, or `create KIND NAME …`."""
    if ctx.invoked_subcommand is not None:
        return
    if not filenames:
        raise ConfigError("must specify -f, or a kind: " + ", ".join(sorted(_KINDS)))
    manifests = read_manifests(filenames, recursive=recursive)
    if not manifests:
        raise ConfigError("no objects passed to create")
    each(manifests, lambda manifest: _create(session, manifest, output, dry_run, VALIDATION[validate]))


def _create(session: Session, manifest: Manifest, output: Output, dry_run: str, validation: str) -> None:
    target = target_of_manifest(session, manifest)
    try:
        post(session, target.resource.path(target.namespace), manifest.obj, output, dry_run, validation)
    except ApiError as exc:
        raise ServerError(f'error when creating "{manifest.source}"', exc) from exc


def post(
    session: Session,
    path: str,
    obj: Mapping[str, Any],
    output: Output,
    dry_run: str,
    validation: str = "Strict",
    what: str = "created",
) -> None:
    """Create one object at a collection's path and say so; with a dry run here, only say so."""
    made = dict(obj)
    if dry_run != "client":
        query = {"fieldValidation": validation, "dryRun": "All" if dry_run == "server" else None}
        made = session.api.request("POST", path, obj, query=query)
    done(output, reference_of(made), what, made, dry_run)


def reference_of(obj: Mapping[str, Any]) -> str:
    """``deployment.apps/web``, from the object itself."""
    group, slash, _ = str(obj["apiVersion"]).partition("/")
    metadata = obj.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    return f"{str(obj['kind']).lower()}{f'.{group}' if slash else ''}/{name}"
