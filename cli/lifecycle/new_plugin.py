"""``sampan plugins new``: a small complete project for a plugin of one's own, from `sampan.cli.templates`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

from sampan.core.errors import ConfigError

SORTS = {
    "score": "a filter and score of the built-in scheduler",
    "scheduler": "a whole scheduler",
    "controller": "a controller",
    "kind": "a kind of your own",
    "admission": "admission: what is changed or refused on its way in",
    "volume": "a volume driver",
    "proxy": "a service proxy",
    "balancer": "a balancer: which endpoint of a Service a connection goes to",
    "runtime": "a runtime",
    "store": "a store",
    "hook": "hooks that are told what happens",
    "command": "a command of sampan",
}
CHOSEN_BY = {
    "proxy": "--proxy {module}",
    "balancer": "--proxy userspace --balancer {module}",
    "runtime": "--runtime {module}",
    "store": "--store {module}:",
}
"""Of which a cluster uses one: the options that choose it."""
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@click.command("new")
@click.argument("name")
@click.option(
    "--kind", "sort", type=click.Choice(list(SORTS)), default="hook", show_default=True, help="What it brings."
)
@click.option("--into", type=click.Path(path_type=Path), default=Path(), help="Folder to write it in (default: here).")
def new(name: str, sort: str, into: Path) -> None:
    """Write a plugin called NAME: a module, a test that passes, and how to install it."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be a plugin's name: use lower-case words with dashes, such as bin-packing")
    folder = into / name
    if folder.exists():
        raise ConfigError(f"{folder} is there already: choose another name, or move it away")
    folder.mkdir(parents=True)
    for file, text in files(name, sort):
        (folder / file).write_text(text)
        click.echo(f"{folder / file}")
    click.echo(f"Try it: `cd {folder} && python -m pytest`, then see its README.md.")


def files(name: str, sort: str) -> Iterator[tuple[str, str]]:
    """(File name, content) of the project: the template with ``ferry`` replaced."""
    module = name.replace("-", "_")
    templates = Path(__file__).parents[1] / "templates"
    code = _renamed((templates / f"{sort}.py").read_text(), module)
    about = (ast.get_docstring(ast.parse(code)) or "").replace("``", "`")
    options = "".join(f" {each}" for each in (f"--plugin ./{module}.py", *_chosen_by(sort, module)))
    yield f"{module}.py", code
    yield f"test_{module}.py", _renamed((templates / "tests" / f"{sort}.py").read_text(), module)
    yield "pyproject.toml", PROJECT.format(name=name, module=module, about=SORTS[sort])
    yield "README.md", README.format(name=name, about=about, commands=_commands(module, options))


def _chosen_by(sort: str, module: str) -> Iterator[str]:
    if sort in CHOSEN_BY:
        yield CHOSEN_BY[sort].format(module=module)


def _commands(module: str, options: str) -> str:
    lines = [(command.format(module=module, options=options), why) for command, why in COMMANDS]
    width = max(len(command) for command, _ in lines)
    return "\n".join(f"$ {command:{width}}  # {why}" for command, why in lines)


def _renamed(text: str, name: str) -> str:
    """In one go: a name may have ``ferry`` in it."""
    word, dashed = name.replace("_", ""), name.replace("_", "-")
    words = {
        "ferry.example.com": f"{dashed}.example.com",
        "ferry-class": dashed,
        "ferries": f"{word[:-1]}ies" if word.endswith("y") else f"{word}s",
        "Ferry": "".join(part.capitalize() for part in name.split("_")),
        "ferry": name,
    }
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], text)


PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "sampan-{name}"
version = "0.1.0"
description = "A plugin for sampan: {about}"
requires-python = ">=3.11"
dependencies = ["sampan"]

[project.optional-dependencies]
test = ["sampan[pytest]"]

[project.entry-points.sampan]
{module} = "{module}"

[tool.setuptools]
py-modules = ["{module}"]
"""

COMMANDS = (
    ("python -m pytest", "its test"),
    ("sampan plugins check ./{module}.py", "is it what sampan expects?"),
    ("sampan up{options} --reload", "a cluster with it, anew whenever the file changes"),
    ("sampan plugins show {module}", "what it brings, and how it does; in another terminal"),
    ("pip install .", "for good: every sampan of this environment has it"),
)
README = """\
# {name}

{about}

```console
{commands}
```
"""
