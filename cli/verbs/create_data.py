"""``sampan create configmap`` and ``create secret generic``: data from literals, files, folders and env files."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from sampan.cli.output import Output
from sampan.cli.session import Session
from sampan.cli.verbs.create_objects import make, making
from sampan.core.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def _sources(command: F) -> Callable[..., Any]:
    literals = click.option("--from-literal", "literals", multiple=True, metavar="KEY=VALUE", help="One value.")
    files = click.option("--from-file", "files", multiple=True, metavar="[KEY=]PATH", help="A file, or a folder's.")
    env_files = click.option("--from-env-file", "env_files", multiple=True, help="A file of KEY=VALUE lines.")
    return literals(files(env_files(command)))


@click.command()
@_sources
@making
def configmap(
    session: Session,
    name: str,
    literals: tuple[str, ...],
    files: tuple[str, ...],
    env_files: tuple[str, ...],
    output: Output,
    dry_run: str,
) -> None:
    """A ConfigMap; what is not UTF-8 goes into its binaryData."""
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, value in gather(literals, files, env_files, "ConfigMap").items():
        try:
            data[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(value).decode()
    obj: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    obj |= {key: value for key, value in (("data", data), ("binaryData", binary)) if value}
    make(session, f"/api/v1/namespaces/{session.namespace}/configmaps", obj, output, dry_run)


@click.group(invoke_without_command=True)
@click.pass_context
def secret(ctx: click.Context) -> None:
    """A secret: `create secret generic NAME …`."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@secret.command()
@_sources
@click.option("--type", "type_", default="", help="The secret's type (default: Opaque).")
@making
def generic(
    session: Session,
    name: str,
    literals: tuple[str, ...],
    files: tuple[str, ...],
    env_files: tuple[str, ...],
    type_: str,
    output: Output,
    dry_run: str,
) -> None:
    """A secret with any keys."""
    values = gather(literals, files, env_files, "Secret")
    obj: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    if values:
        obj["data"] = {key: base64.b64encode(value).decode() for key, value in values.items()}
    if type_:
        obj["type"] = type_
    make(session, f"/api/v1/namespaces/{session.namespace}/secrets", obj, output, dry_run)


def gather(literals: Sequence[str], files: Sequence[str], env_files: Sequence[str], kind: str) -> dict[str, bytes]:
    """All values by key. Raises `ConfigError` for keys that are not valid or there twice, and files not readable."""
    found: dict[str, bytes] = {}

    def add(key: str, value: bytes) -> None:
        if not _KEY.fullmatch(key):
            raise ConfigError(
                f'"{key}" is not a valid key name for a {kind}: a valid config key must consist of alphanumeric'
                " characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for"
                " validation is '[-._a-zA-Z0-9]+')"
            )
        if key in found:
            raise ConfigError(f'cannot add key "{key}", another key by that name already exists in Data for {kind}')
        found[key] = value

    for file in files:
        _add_file(file, add)
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise ConfigError(f"invalid literal source {literal}, expected key=value")
        add(key, value.encode())
    for env_file in env_files:
        for line in _read(Path(env_file)).decode(errors="replace").splitlines():
            key, _, value = line.lstrip().partition("=")
            if key and not key.startswith("#"):
                add(key, value.encode())
    return found


def _add_file(source: str, add: Callable[[str, bytes], None]) -> None:
    key, equals, name = source.partition("=")
    path = Path(name if equals else source)
    if not path.is_dir():
        add(key if equals else path.name, _read(path))
        return
    if equals:
        raise ConfigError("cannot give a key name for a directory path")
    for file in sorted(path.iterdir()):
        if file.is_file() and _KEY.fullmatch(file.name):
            add(file.name, _read(file))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"error reading {path}: {(exc.strerror or str(exc)).lower()}") from exc
