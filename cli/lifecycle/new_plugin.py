"""``sampan plugins new``: a small complete project for a plugin of one's own, from `sampan.cli.templates`."""

from __future__ import annotations

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
    yield f"{module}.py", _renamed((templates / f"{sort}.py").read_text(), module)
    yield f"test_{module}.py", _renamed((templates / "tests" / f"{sort}.py").read_text(), module)
    yield "pyproject.toml", PROJECT.format(name=name, module=module, about=SORTS[sort])
    yield "README.md", README.format(name=name, module=module, about=SORTS[sort])


def _renamed(text: str, name: str) -> str:
    cls = "".join(word.capitalize() for word in name.split("_"))
    word = name.replace("_", "")
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    dashed = name.replace("_", "-")
    text = text.replace("ferry.example.com", f"{dashed}.example.com").replace("ferry-class", dashed)
    return text.replace("ferries", plural).replace("Ferry", cls).replace("ferry", name)


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

README = """\
# {name}

A plugin for sampan: {about}.

```console
$ python -m pytest                                # its test, in a cluster of its own
$ sampan plugins check ./{module}.py              # is it what sampan expects?
$ sampan up --plugin ./{module}.py --reload       # a cluster with it, anew whenever the file changes
$ sampan plugins show {module}                    # what it brings, and how its hooks do
$ pip install .                                   # for good: every sampan of this environment has it
```
"""
