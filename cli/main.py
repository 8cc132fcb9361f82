"""The entry point ``sampan``: a group whose commands are imported when they are called, and the one place for errors.

A command that is not called costs nothing: the table below has its one line of help. Commands that plugins bring are
looked for only where the table has no such name, and for ``--help``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from sampan.cli.garbage import collect_seldom, leave_all_to_the_end
from sampan.cli.options import Choices, with_choices
from sampan.cli.plugin_options import HELP, outside_commands, remember, take
from sampan.cli.suggest import suggestion
from sampan.core.errors import ConfigError, SampanError

_Table = Mapping[str, tuple[str, str]]

CLUSTER: _Table = {
    "up": ("lifecycle.up:up", "Start a cluster, or go on with one that was stopped."),
    "stop": ("lifecycle.stop:stop", "End the control plane; pods go on."),
    "down": ("lifecycle.down:down", "End the cluster: pods, network and rules go too."),
    "status": ("lifecycle.status:status", "Say how the cluster is."),
    "clusters": ("lifecycle.clusters:clusters", "List your clusters."),
    "node": ("lifecycle.node:node", "Add this machine, or a further part of it, to a cluster."),
    "dns": ("lifecycle.dns:dns", "Have this host find Services by name, as pods do."),
    "image": ("lifecycle.image:image", "Load images from files; list those that are there."),
    "plugins": ("lifecycle.plugins:plugins", "Show which plugins are loaded, and what they bring."),
    "version": ("lifecycle.version:version", "Print the versions of sampan and of the server."),
    "completion": ("completion:completion", "Print a script that completes words in a shell."),
}
OBJECTS: _Table = {
    "apply": ("verbs.apply:apply", "Make objects as files describe them."),
    "config": ("verbs.config:config", "Look at and change kubeconfig files."),
    "create": ("verbs.create:create", "Make objects from files or from options."),
    "delete": ("verbs.delete:delete", "Delete objects by file, name, label or all of a kind."),
    "describe": ("verbs.describe:describe", "Tell about objects at length, with their events."),
    "explain": ("verbs.explain:explain", "Say in plain words how a pod is, and why."),
    "exec": ("verbs.exec:exec_", "Run a command in a container."),
    "expose": ("verbs.expose:expose", "Make a Service for the pods of an object."),
    "get": ("verbs.get:get", "List objects."),
    "logs": ("verbs.logs:logs", "Print what containers write."),
    "port-forward": ("verbs.port_forward:port_forward", "Have ports of this machine lead into pods."),
    "run": ("verbs.run:run", "Run one image as a pod."),
    "scale": ("verbs.scale:scale", "Set how many pods an object has."),
}
BUILT_IN: _Table = {**CLUSTER, **OBJECTS}


class LazyGroup(click.Group):
    """Commands by name from `BUILT_IN`, then from plugins."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest, choice = take(args)
        remember(ctx, choice)
        if ctx.default_map is None:
            ctx.default_map = {"up": _configured()}
        return super().parse_args(ctx, rest)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*BUILT_IN, *outside_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in BUILT_IN:
            return _load(BUILT_IN[cmd_name][0])
        return outside_commands(ctx).get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            hint = suggestion(args[0], self.list_commands(ctx))
            raise ConfigError(f'unknown command "{args[0]}" for "sampan"{hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, table in (("Cluster", CLUSTER), ("Objects", OBJECTS)):
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in table.items()])
        with formatter.section("Plugins, for every command"):
            formatter.write_dl(HELP)
        if others := outside_commands(ctx):
            with formatter.section("From plugins"):
                formatter.write_dl([(name, command.get_short_help_str(100)) for name, command in others.items()])


def _load(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command = getattr(import_module(f"sampan.cli.{module}"), name)
    assert isinstance(command, click.Command)
    return command


def _configured() -> dict[str, Any]:
    """Defaults of `sampan up`. What is wrong with the configuration is for commands that need it to say."""
    from sampan.cli.configuration import configured_options

    try:
        return configured_options()
    except ConfigError:
        return {}


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"sampan {version('sampan')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.pass_context
@with_choices
def sampan(_choices: Choices, ctx: click.Context) -> None:
    """A Kubernetes you can pip install: one host, the Docker or Podman you already have, every part a plugin."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Every failure is one line on stderr (see `sampan.cli.failures`)."""
    try:
        code = sampan.main(args=arguments, prog_name="sampan", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`sampan get … | head`): nothing more to say, not even while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (click.ClickException, SampanError, OSError) as exc:
        return _fail(exc)
    except Exception as exc:
        if os.environ.get("SAMPAN_DEBUG") == "1":
            raise
        return _fail(exc)


def _fail(exc: Exception) -> int:
    from sampan.cli.failures import sentence

    if os.environ.get("SAMPAN_DEBUG") == "1":
        import traceback

        traceback.print_exception(exc)
    click.echo(sentence(exc), err=True)
    return 1


def main() -> None:
    """For the console script."""
    collect_seldom()
    code = run()
    leave_all_to_the_end()
    sys.exit(code)


if __name__ == "__main__":
    main()
