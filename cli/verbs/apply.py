"""``sampan apply``: make objects as files describe them, and remember what was applied, as kubectl does.

The annotation is kubectl's own, so that both commands can be used on one object by turns.
"""

from __future__ import annotations

import json
from typing import Any

import click

from sampan.cli.failures import ServerError, each
from sampan.cli.manifests import Manifest, files_options, read_manifests
from sampan.cli.output import Output, done, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.targets import Target, target_of_manifest
from sampan.cli.verbs.create import VALIDATION
from sampan.core.errors import ApiError, ConfigError, NotFound

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER = "kubectl-client-side-apply"
"""kubectl's name for the writer of applied fields: objects stay one writer's when both commands are used."""


@click.command()
@files_options
@output_option
@dry_run_option
@click.option("--validate", type=click.Choice(sorted(VALIDATION)), default="strict", help="What to do about typos.")
@with_session
def apply(
    session: Session, filenames: tuple[str, ...], recursive: bool, output: Output, dry_run: str, validate: str
) -> None:
    """Make objects as files describe them: `apply -f FILE`."""
    if not filenames:
        raise ConfigError("must specify -f")
    manifests = read_manifests(filenames, recursive=recursive)
    if not manifests:
        raise ConfigError("no objects passed to apply")
    each(manifests, lambda manifest: _apply(session, manifest, output, dry_run, VALIDATION[validate]))


def _apply(session: Session, manifest: Manifest, output: Output, dry_run: str, validation: str) -> None:
    target = target_of_manifest(session, manifest)
    if not target.name:
        prefix = manifest.obj.get("metadata", {}).get("generateName")
        why = f"from {prefix}: cannot use generate name with apply" if prefix else "resource name may not be empty"
        raise ConfigError(why if prefix else f'error in "{manifest.source}": {why}')
    wanted = _with_last_applied(_placed(manifest.obj, target))
    query = {
        "fieldManager": MANAGER,
        "fieldValidation": validation,
        "dryRun": "All" if dry_run == "server" else None,
    }
    try:
        live = session.api.get(target.path)
    except NotFound:
        _create(session, target, wanted, query, output, dry_run)
    else:
        _patch(session, target, wanted, live, query, output, dry_run)


def _create(session: Session, target: Target, wanted: dict[str, Any], query: Any, output: Output, dry_run: str) -> None:
    made = wanted
    if dry_run != "client":
        try:
            made = session.api.request("POST", target.resource.path(target.namespace), wanted, query=query)
        except ApiError as exc:
            raise ServerError(f'error when creating "{target.source}"', exc) from exc
    done(output, target.reference, "created", made, dry_run)


def _patch(
    session: Session,
    target: Target,
    wanted: dict[str, Any],
    live: dict[str, Any],
    query: Any,
    output: Output,
    dry_run: str,
) -> None:
    media_type, patch = patch_for(target, wanted, live)
    changed = live
    if LAST_APPLIED not in (live["metadata"].get("annotations") or {}):
        click.echo(
            f"Warning: resource {target.resource.plural}/{target.name} is missing the {LAST_APPLIED} annotation which"
            " is required by kubectl apply. kubectl apply should only be used on resources created declaratively by"
            " either kubectl create --save-config or kubectl apply. The missing annotation will be patched"
            " automatically.",
            err=True,
        )
    if patch and dry_run != "client":
        changed = session.api.request("PATCH", target.path, patch, query=query, content_type=media_type)
    done(output, target.reference, "configured" if patch else "unchanged", changed, dry_run)


def patch_for(target: Target, wanted: dict[str, Any], live: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The media type and body of the patch from ``live`` to ``wanted``; an empty body: nothing is to be done."""
    from sampan.cli.three_way import FREE, three_way

    struct = _built_in(target)
    text = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    last = json.loads(text) if text else {}
    patch = three_way(struct or FREE, last, wanted, live)
    kind = "strategic-merge-patch" if struct else "merge-patch"
    return f"application/{kind}+json", patch


def _built_in(target: Target) -> Any:
    """The type of a built-in kind, read off its class; ``None`` for custom resources, whose lists are replaced."""
    from sampan.core.model.builtin import BUILTIN_KINDS
    from sampan.core.model.kinds import info
    from sampan.core.schema.builtin import struct_of

    for cls in BUILTIN_KINDS:
        about = info(cls)
        if (about.api_version, about.kind) == (target.resource.api_version, target.resource.kind):
            return struct_of(cls)
    return None


def _placed(obj: dict[str, Any], target: Target) -> dict[str, Any]:
    """The object in its namespace, with the annotations that a remembered object always has."""
    metadata = {**obj["metadata"], "annotations": dict(obj["metadata"].get("annotations") or {})}
    metadata["annotations"].pop(LAST_APPLIED, None)
    if target.namespace:
        metadata["namespace"] = target.namespace
    return {**obj, "metadata": metadata}


def _with_last_applied(obj: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**metadata["annotations"], LAST_APPLIED: text}}}
