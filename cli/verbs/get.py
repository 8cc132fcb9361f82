"""``sampan get``: the server's tables, or whole objects in another format; with ``-w`` as they change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import attrs
import click
import orjson

from sampan.cli import tables
from sampan.cli.completion import complete_object
from sampan.cli.failures import each
from sampan.cli.manifests import files_options, read_manifests
from sampan.cli.output import Output, listing, output_option, without_managed_fields
from sampan.cli.session import Session, with_session
from sampan.cli.tables import Rows, TableStyle
from sampan.cli.targets import Target, targets_of, targets_of_files
from sampan.core.classes import frozen
from sampan.core.client.status import error_of
from sampan.core.errors import ApiError, BadRequest, ConfigError, NotFound

_PAGE = 500
"""Objects in one answer to a list, as kubectl asks."""


@frozen(kw_only=True)
class Selection:
    """Which objects of a kind, and how they are shown."""

    labels: str = ""
    fields: str = ""
    ignore_not_found: bool = False
    sort_by: str = ""

    @property
    def query(self) -> dict[str, str | int | None]:
        return {"labelSelector": self.labels, "fieldSelector": self.fields}


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("arguments", nargs=-1, metavar="TYPE [NAME…] | TYPE/NAME…", shell_complete=complete_object)
@output_option
@files_options
@click.option("-l", "--selector", default="", help="Label selector.")
@click.option("--field-selector", default="", help="Field selector.")
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@click.option("-w", "--watch", is_flag=True, help="Go on printing changes.")
@click.option("--watch-only", is_flag=True, help="Print changes without what is there.")
@click.option("--no-headers", is_flag=True, help="Leave the header line out.")
@click.option("--show-labels", is_flag=True, help="Add a column with all labels.")
@click.option("-L", "--label-columns", multiple=True, help="Labels that get a column of their own.")
@click.option("--show-kind", is_flag=True, help="Put the kind before the names.")
@click.option("--sort-by", default="", help="JSONPath to sort by.")
@click.option("--ignore-not-found", is_flag=True, help="Say nothing about names that are not there.")
@click.option("--show-managed-fields", is_flag=True, help="Keep managedFields in JSON and YAML.")
@click.option("--raw", default="", metavar="PATH", help="Print what the server answers to a path.")
@click.option("--template", default="", hidden=True)
@with_session
def get(
    session: Session,
    arguments: tuple[str, ...],
    output: Output,
    filenames: tuple[str, ...],
    recursive: bool,
    selector: str,
    field_selector: str,
    all_namespaces: bool,
    watch: bool,
    watch_only: bool,
    no_headers: bool,
    show_labels: bool,
    label_columns: tuple[str, ...],
    show_kind: bool,
    sort_by: str,
    ignore_not_found: bool,
    show_managed_fields: bool,
    raw: str,
    template: str,
) -> None:
    """List objects: `get pods`, `get pods,svc`, `get pod web`, `get deploy/web svc/web -o yaml`."""
    if template:
        raise ConfigError("sampan has no go-template output: write it as -o jsonpath=…, or use kubectl")
    if raw:
        click.echo(b"".join(session.api.stream(raw)), nl=False)
        return
    targets = _targets(session, arguments, filenames, recursive, all_namespaces)
    selection = Selection(
        labels=selector, fields=field_selector, ignore_not_found=ignore_not_found, sort_by=_path(sort_by)
    )
    if (selector or field_selector) and any(target.name for target in targets):
        raise ConfigError("name cannot be provided when a selector is specified")
    style = TableStyle(
        wide=output.name == "wide",
        headers=not no_headers,
        namespaces=all_namespaces,
        labels=show_labels,
        label_columns=tuple(label for value in label_columns for label in value.split(",")),
    )
    if watch or watch_only:
        _watch(session, targets, selection, output, style, initial=not watch_only)
    elif output.is_table:
        _print_tables(session, targets, selection, style, show_kind=show_kind)
    else:
        _print_objects(session, targets, selection, output, managed=show_managed_fields)


def _targets(
    session: Session, arguments: Sequence[str], filenames: Sequence[str], recursive: bool, all_namespaces: bool
) -> list[Target]:
    if filenames:
        return targets_of_files(session, read_manifests(filenames, recursive=recursive))
    if not arguments:
        raise ConfigError("Required resource not specified: name a type such as pods, or a file with -f")
    targets = targets_of(session.resources, arguments, "" if all_namespaces else session.namespace)
    if all_namespaces and any(target.name for target in targets):
        raise ConfigError("a resource cannot be retrieved by name across all namespaces")
    return targets


def _path(sort_by: str) -> str:
    """``--sort-by`` as JSONPath, checked before anything is asked of the server."""
    if sort_by:
        from sampan.cli.jsonpath import compile_template

        compile_template(sort_by)
    return sort_by


def fetch(session: Session, target: Target, selection: Selection, accept: str) -> list[dict[str, Any]]:
    """One target's answers: the object, or the pages of the list."""
    if target.name:
        return [session.api.get(target.path, accept=accept)]
    query = {**selection.query, "limit": _PAGE}
    if selection.sort_by:
        query["includeObject"] = "Object"
    answers = []
    try:
        while True:
            answer = session.api.get(target.path, query, accept=accept)
            answers.append(answer)
            query["continue"] = answer["metadata"].get("continue")
            if not query["continue"]:
                return answers
    except BadRequest as exc:
        if not (selection.labels or selection.fields):
            raise
        kind = f"{target.resource.group}/{target.resource.version}, Resource={target.resource.plural}"
        raise BadRequest(
            f'Unable to find "{kind}" that match label selector "{selection.labels}",'
            f' field selector "{selection.fields}": {exc}'
        ) from exc


def _print_tables(
    session: Session, targets: list[Target], selection: Selection, style: TableStyle, *, show_kind: bool
) -> None:
    several = len({target.resource for target in targets}) > 1
    printed = False
    failures: list[ApiError] = []
    for resource, group in groupby(targets, key=lambda target: target.resource):
        rows = Rows([], [])
        for target in group:
            for answer in _answers(session, target, selection, failures):
                rows.add(Rows.of(answer))
        if not rows.rows:
            continue
        if printed and style.headers:
            click.echo()
        _sort(rows, selection.sort_by)
        own = attrs.evolve(
            style,
            kind=resource.title if several or show_kind else "",
            namespaces=style.namespaces and resource.namespaced,
        )
        click.echo(tables.text(rows, own), nl=False)
        printed = True
    if not printed and not failures and not selection.ignore_not_found:
        click.echo(_nothing(targets), err=True)
    each(failures, _raise)


def _answers(
    session: Session, target: Target, selection: Selection, failures: list[ApiError]
) -> Iterable[dict[str, Any]]:
    try:
        return fetch(session, target, selection, tables.ACCEPT)
    except ApiError as exc:
        if not (isinstance(exc, NotFound) and target.name and selection.ignore_not_found):
            failures.append(exc)
        return []


def _raise(failure: ApiError) -> None:
    raise failure


def _nothing(targets: Sequence[Target]) -> str:
    spaces = {target.namespace for target in targets if target.resource.namespaced}
    if len(spaces) == 1 and (namespace := spaces.pop()):
        return f"No resources found in {namespace} namespace."
    return "No resources found"


def _sort(rows: Rows, path: str) -> None:
    if not path:
        return
    from sampan.core.schema.jsonpath import first

    def key(row: dict[str, Any]) -> tuple[bool, bool, Any]:
        value = first(path, row.get("object") or {})
        number = isinstance(value, int | float)
        return value is not None, not number, value if number else str(value)

    rows.rows.sort(key=key)


def _print_objects(
    session: Session, targets: list[Target], selection: Selection, output: Output, *, managed: bool
) -> None:
    objects: list[dict[str, Any]] = []
    names: list[str] = []
    failures: list[ApiError] = []
    for target in targets:
        try:
            found = [
                item
                for answer in fetch(session, target, selection, "application/json")
                for item in _items(answer, target)
            ]
        except NotFound as exc:
            if not selection.ignore_not_found:
                failures.append(exc)
            continue
        objects.extend(found)
        names.extend(target.resource.reference(item["metadata"]["name"]) for item in found)
    if selection.sort_by:
        rows = Rows([], [{"object": obj, "name": name} for obj, name in zip(objects, names, strict=True)])
        _sort(rows, selection.sort_by)
        objects, names = [row["object"] for row in rows.rows], [row["name"] for row in rows.rows]
    if not managed:
        objects = [without_managed_fields(obj) for obj in objects]
    alone = len(targets) == 1 and bool(targets[0].name)
    if objects or not (alone or failures):
        click.echo(output.text(objects[0] if alone else listing(objects), name="\n".join(names)), nl=False)
    each(failures, _raise)


def _items(answer: dict[str, Any], target: Target) -> list[dict[str, Any]]:
    """The objects of an answer; items of a list do not say what they are, so it is said here."""
    if target.name:
        return [answer]
    about = {"apiVersion": target.resource.api_version, "kind": target.resource.kind}
    return [{**about, **item} for item in answer["items"]]


def _watch(
    session: Session,
    targets: list[Target],
    selection: Selection,
    output: Output,
    style: TableStyle,
    *,
    initial: bool,
) -> None:
    """Print what is there, then every change until the server or the person ends it."""
    if len(targets) != 1:
        raise ConfigError("you may only specify a single resource type")
    [target] = targets
    accept = tables.ACCEPT if output.is_table else "application/json"
    if target.name:
        session.api.get(target.path)
        selection = attrs.evolve(selection, fields=f"metadata.name={target.name}")
    whole = attrs.evolve(target, name="")
    listed = fetch(session, whole, selection, accept)
    printer = _WatchPrinter(target, output, style)
    if initial:
        for answer in listed:
            printer.show(answer)
    query = {
        **selection.query,
        "watch": "true",
        "resourceVersion": listed[-1]["metadata"]["resourceVersion"],
    }
    for line in session.api.stream(whole.path, query, accept=accept):
        event = orjson.loads(line)
        if event["type"] == "ERROR":
            raise error_of(event["object"].get("code", 500), event["object"])
        if event["type"] != "BOOKMARK":
            printer.show(event["object"])


class _WatchPrinter:
    """Prints answers one after another under one header; columns only ever grow."""

    def __init__(self, target: Target, output: Output, style: TableStyle) -> None:
        self._target = target
        self._output = output
        self._style = attrs.evolve(style, namespaces=style.namespaces and target.resource.namespaced)
        self._columns: list[dict[str, Any]] = []
        self._widths: list[int] = []
        self._headers = style.headers

    def show(self, answer: dict[str, Any]) -> None:
        if not self._output.is_table:
            for item in _items(answer, self._target) if "items" in answer else [answer]:
                name = self._target.resource.reference(item["metadata"]["name"])
                click.echo(self._output.text(without_managed_fields(item), name=name), nl=False)
            return
        rows = Rows.of(answer)
        self._columns = rows.columns = rows.columns or self._columns
        if not rows.rows:
            return
        lines = tables.lines(rows, attrs.evolve(self._style, headers=self._headers))
        self._headers = False
        known = self._widths + [6] * (len(lines[0]) - len(self._widths))
        self._widths = [max(width, *(len(line[at]) + 3 for line in lines)) for at, width in enumerate(known)]
        for line in lines:
            padded = [cell.ljust(width) for cell, width in zip(line[:-1], self._widths, strict=False)]
            click.echo("".join([*padded, line[-1]]))
