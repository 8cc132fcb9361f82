"""The options about plugins, which stand anywhere before or after a command, and the plugins that one command loads.

They are taken out before click reads the rest, since commands may come from plugins. ``--`` ends them, as it does all
options.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampan.core.errors import ConfigError
from sampan.core.plugin_choice import PluginChoice, environment_choice

if TYPE_CHECKING:
    from sampan.core.plugins import Plugins

_KEY = "sampan.plugin_choice"
_NAMES = ("--plugin", "--block-plugin")
HELP = (
    ("--plugin FILE | MODULE", "Load a plugin from a file or module (repeatable; or SAMPAN_PLUGINS)."),
    ("--block-plugin NAME", "Leave a plugin out (repeatable; or SAMPAN_BLOCK_PLUGINS)."),
)


def take(arguments: Sequence[str]) -> tuple[list[str], PluginChoice]:
    """The arguments without these options, and what they say. Raises `ConfigError` for one without a value."""
    rest: list[str] = []
    files: list[str] = []
    blocked: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        if word == "--":
            return [*rest, word, *waiting], _choice(files, blocked)
        name, equals, value = word.partition("=")
        if name not in _NAMES:
            rest.append(word)
            continue
        value = value if equals else next(waiting, "")
        if not value or (not equals and value.startswith("--")):
            raise ConfigError(f"{name} needs a value: {'a file or module' if name == '--plugin' else 'a name'}")
        (files if name == "--plugin" else blocked).append(value)
    return rest, _choice(files, blocked)


def _choice(files: Iterable[str], blocked: Iterable[str]) -> PluginChoice:
    # The process may change its folder later, when it goes to the background.
    places = tuple(str(Path(each).expanduser().absolute()) if _is_path(each) else each for each in files)
    return PluginChoice(files=places, blocked=frozenset(blocked))


def _is_path(place: str) -> bool:
    return place.endswith(".py") or "/" in place


def remember(ctx: click.Context, choice: PluginChoice) -> None:
    """For this command and all below it."""
    ctx.meta[_KEY] = choice


def plugin_choice(ctx: click.Context | None = None) -> PluginChoice:
    """What the command line, the environment and the configuration file say together."""
    from sampan.cli.configuration import configured_plugins

    ctx = ctx or click.get_current_context()
    said: PluginChoice = ctx.meta.get(_KEY) or PluginChoice()
    return said.over(environment_choice()).over(configured_plugins())


def _choice_or_warning(ctx: click.Context) -> PluginChoice:
    """A configuration that cannot be read keeps no command from working."""
    try:
        return plugin_choice(ctx)
    except ConfigError as exc:
        click.echo(f"warning: {exc}", err=True)
        return ctx.meta.get(_KEY) or PluginChoice()


def load_working(files: Sequence[str] = (), *, host_only: bool = False) -> Plugins:
    """For commands that must work whatever is installed: broken plugins are left out, and told on stderr.

    ``files``: plugins that the cluster in question was started with. ``host_only``: no more than what acts on this machine.
    """
    from sampan.core.plugins import load_plugins

    choice = _choice_or_warning(click.get_current_context()).over(PluginChoice(files=tuple(files)))
    loaded = load_plugins(choice, leave_out_broken=True, host_only=host_only)
    for each in loaded.loaded:
        if each.problem:
            click.echo(f"warning: {each.problem}; it is left out", err=True)
    return loaded


def outside_commands(ctx: click.Context) -> dict[str, click.Command]:
    """The commands that plugins bring. Nothing is loaded where nothing but sampan itself is installed.

    A plugin that is broken brings none, and is told on stderr.
    """
    from sampan.core.plugin_sources import installed, installed_entry_points

    choice = _choice_or_warning(ctx)
    if not choice.files and not any(installed(installed_entry_points, outside_only=True)):
        return {}
    from sampan.core.plugins import load_plugins

    found = load_plugins(choice, leave_out_broken=True, outside_only=True)
    for each in found.loaded:
        if each.problem:
            click.echo(f"warning: {each.problem}; it is left out", err=True)
    commands: dict[str, click.Command] = {}
    for part in found.registry.commands:
        try:
            commands[part.name] = part.make()
        except ConfigError as exc:
            click.echo(f"warning: {exc}; it is left out", err=True)
    return commands
