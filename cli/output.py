"""``-o``: the formats in which commands print objects.

Tables are the server's (`sampan.cli.tables`); here is what is made of whole objects: JSON, YAML, names, JSONPath.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("json", "jsonpath", "name", "wide", "yaml")
_TEMPLATES = ("go-template", "go-template-file", "template", "templatefile")


@frozen
class Output:
    """A chosen format; ``argument`` is what follows the ``=``. An empty name is the table."""

    name: str
    argument: str = ""

    @property
    def is_table(self) -> bool:
        return self.name in ("", "wide")

    def text(self, value: Any, *, name: str) -> str:
        """An object (or a List of them) in this format; ``name`` is what ``-o name`` prints, with newlines inside."""
        if self.name == "name":
            return f"{name}\n" if name else ""
        if self.name == "yaml":
            from sampan.cli.yaml_text import to_yaml

            return to_yaml(value)
        if self.name == "jsonpath":
            from sampan.cli.jsonpath import compile_template

            return compile_template(self.argument)(value)
        return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False) + "\n"


def parse_output(text: str) -> Output:
    """Raises `ConfigError` that names the formats there are."""
    name, given, argument = text.partition("=")
    if name in _TEMPLATES:
        raise ConfigError(f"sampan has no {name} output: write it as -o jsonpath=…, or use kubectl")
    if name and name not in FORMATS:
        raise ConfigError(
            f'unable to match a printer suitable for the output format "{name}",'
            f" allowed formats are: {','.join(FORMATS)}"
        )
    if name == "jsonpath":
        from sampan.cli.jsonpath import compile_template

        if not argument:
            raise ConfigError("template format specified but no template given")
        compile_template(argument)
    elif given:
        raise ConfigError(f"the output format {name} takes no template")
    return Output(name, argument)


def output_option(command: F) -> F:
    """``-o FORMAT``, given to the command as ``output``: an `Output`."""

    def parsed(ctx: click.Context, param: click.Parameter, value: str) -> Output:
        return parse_output(value)

    return click.option(
        "-o",
        "--output",
        default="",
        metavar="FORMAT",
        callback=parsed,
        help="json, yaml, wide, name or jsonpath=TEMPLATE (no go-template: use kubectl for that).",
    )(command)


def listing(objects: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Objects of any kinds as one ``List``."""
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {"resourceVersion": ""}}


def without_managed_fields(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        kept = {key: value for key, value in metadata.items() if key != "managedFields"}
        return {**obj, "metadata": kept}
    return obj


def done(output: Output, reference: str, what: str, obj: dict[str, Any], dry_run: str = "none") -> None:
    """Say that something was done to an object: ``pod/web created``, or the object in the format asked for.

    ``dry_run`` is ``none``, ``client`` or ``server``.
    """
    if output.is_table:
        click.echo(f"{reference} {what}{DRY_RUN_WORDS[dry_run]}")
    else:
        click.echo(output.text(without_managed_fields(obj), name=reference), nl=False)


DRY_RUN_WORDS = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def dry_run_option(command: F) -> F:
    """``--dry-run``: ``none``, ``client`` or ``server``."""
    return click.option(
        "--dry-run",
        type=click.Choice(["none", "client", "server"]),
        default="none",
        help="Only show what would be done: here (client), or as the server sees it.",
    )(command)
