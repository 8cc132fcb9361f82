"""What README and the pages tell a reader to type exists, and what they list is what there is."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sampan.cli.main import sampan

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "core" / "README.md")


def commands(page: Path) -> Iterator[str]:
    """Everything a page shows as a command of sampan's, in text and in blocks."""
    text = page.read_text()
    yield from re.findall(r"`(sampan [^`]+)`", text)
    yield from re.findall(r"^\$ (sampan .+)$", text, re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            yield target


EVERY_COMMAND = sorted(
    (page, command)
    for page, command in {(page.relative_to(ROOT).as_posix(), command) for page in PAGES for command in commands(page)}
    if not command.startswith("sampan ferry ")  # which the plugin on the page brings
)


@pytest.mark.parametrize(("page", "command"), EVERY_COMMAND)
def test_a_command_on_a_page_is_one_of_sampans(page: str, command: str) -> None:
    found: click.Command = sampan
    words = shlex.split(command)[1:]
    with click.Context(sampan, info_name="sampan") as context:
        while isinstance(found, click.Group) and words and not words[0].startswith("-"):
            inner = found.get_command(context, words.pop(0))
            assert inner is not None, f"{page}: there is no `{command}`"
            found = inner
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    options |= {"--plugin", "--block-plugin"}  # of every command, see sampan.cli.plugin_options
    unknown = [word for word in words if word.startswith("-") and word not in options]
    assert not unknown, f"{page}: `{command}` has no {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def test_scripts_that_readme_names_are_there() -> None:
    scripts = re.findall(r"^\$ bash (\S+)$", README.read_text(), re.MULTILINE)
    assert len(scripts) == 2, "README begins with two commands"
    assert [script for script in scripts if not (ROOT / script).exists()] == []
