"""Objects in files: YAML of several documents, JSON, lists, folders and standard input.

Values are read as kubectl reads them: YAML 1.1, but times stay text and keys become text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
STDIN = "STDIN"
_SUFFIXES = (".json", ".yaml", ".yml")
_JSON = re.compile(r"""\s*\{\s*(["}]|$)""")
"""How JSON begins; YAML in braces need not have quotes."""


@frozen
class Manifest:
    """One object and where it was read."""

    obj: dict[str, Any]
    source: str
    """The file's name as it was given, or ``STDIN``."""
    line: int = 1

    @property
    def name(self) -> str:
        return str(_metadata(self.obj).get("name") or "")

    @property
    def namespace(self) -> str:
        return str(_metadata(self.obj).get("namespace") or "")

    @property
    def api_version(self) -> str:
        return str(self.obj.get("apiVersion") or "")

    @property
    def kind(self) -> str:
        return str(self.obj.get("kind") or "")


def files_options(command: F) -> F:
    """``-f FILE`` (several times) and ``-R``, given as ``filenames`` and ``recursive``."""
    recursive = click.option("-R", "--recursive", is_flag=True, help="Also folders inside folders.")
    files = click.option("-f", "--filename", "filenames", multiple=True, help="File or folder; - is standard input.")
    return files(recursive(command))


def read_manifests(filenames: Sequence[str], *, recursive: bool = False) -> list[Manifest]:
    """Every object, in order. Raises `ConfigError` naming the file and line of what cannot be read."""
    found: list[Manifest] = []
    for filename in filenames:
        for source, text in _texts(filename, recursive):
            for manifest in _documents(source, text):
                found.extend(_expanded(manifest))
    return found


def check_identity(manifest: Manifest) -> None:
    """Raises `ConfigError` where an object does not say what it is."""
    for key, value in (("apiVersion", manifest.api_version), ("kind", manifest.kind)):
        if not value:
            raise ConfigError(f'error validating "{manifest.source}": error validating data: {key} not set')


def _texts(filename: str, recursive: bool) -> Iterator[tuple[str, str]]:
    if filename == "-":
        yield STDIN, sys.stdin.read()
        return
    path = Path(filename)
    if not path.exists():
        raise ConfigError(f'the path "{filename}" does not exist')
    if not path.is_dir():
        yield filename, _text(path)
        return
    inside = path.rglob("*") if recursive else path.iterdir()
    files = sorted(each for each in inside if each.suffix in _SUFFIXES and each.is_file())
    if not files:
        raise ConfigError(f"error reading [{filename}]: recognized file extensions are [.json .yaml .yml]")
    for file in files:
        yield str(file), _text(file)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as exc:
        raise ConfigError(f"cannot read {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"error parsing {path}: it is not UTF-8 text") from exc


def _documents(source: str, text: str) -> Iterator[Manifest]:
    documents = _json(source, text) if _JSON.match(text) else _yaml(source, text)
    for line, value in documents:
        if value is None:
            continue
        if not isinstance(value, dict):
            raise ConfigError(f"error parsing {source}: line {line}: an object is expected, not {_kind_of(value)}")
        yield Manifest(value, source, line)


def _json(source: str, text: str) -> Iterator[tuple[int, Any]]:
    position = 0
    while match := re.compile(r"\s*(---\s*)?(?=\S)").match(text, position):
        if match.end() == len(text):
            return
        line = text.count("\n", 0, match.end()) + 1
        try:
            value, position = json.JSONDecoder().raw_decode(text, match.end())
        except json.JSONDecodeError as exc:
            words = "unexpected EOF" if exc.pos >= len(text.rstrip()) else exc.msg
            raise ConfigError(f"error parsing {source}: line {exc.lineno}: {words}") from exc
        yield line, value


def _yaml(source: str, text: str) -> Iterator[tuple[int, Any]]:
    loader = _loader()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            yield node.start_mark.line + 1, _json_value(loader.construct_document(node))
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        words = getattr(exc, "problem", None) or " ".join(str(exc).split())
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"error parsing {source}: error converting YAML to JSON: yaml: {line}{words}") from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"error parsing {source}: error converting YAML to JSON: {exc}") from exc
    finally:
        loader.dispose()


def _loader() -> type[Any]:
    """libyaml's loader where there is one, without times: JSON has none, so they are text."""
    base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Its own table of plain words, so that the library's stays as it is."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own class attribute
            first: [(tag, pattern) for tag, pattern in patterns if tag != "tag:yaml.org,2002:timestamp"]
            for first, patterns in base.yaml_implicit_resolvers.items()
        }

    return Loader


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_value(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def _key(key: object) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _expanded(manifest: Manifest) -> Iterable[Manifest]:
    """The items of a list, or the object itself."""
    items = manifest.obj.get("items")
    if not (manifest.kind.endswith("List") and isinstance(items, list)):
        return [manifest]
    return [each for item in items for each in _expanded(_item(manifest, item))]


def _item(manifest: Manifest, item: object) -> Manifest:
    if not isinstance(item, dict):
        raise ConfigError(f"error parsing {manifest.source}: line {manifest.line}: every item must be an object")
    return Manifest(item, manifest.source, manifest.line)


def _metadata(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _kind_of(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else "a number"
