"""``sampan plugins``: which plugins there are, from where, what they bring and what is chosen, how their hooks do.

The running cluster is asked, since it may have been started with others than this process would load.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import click

from sampan.cli.api import Api
from sampan.cli.connection import connect
from sampan.cli.lifecycle.check_plugin import check
from sampan.cli.lifecycle.new_plugin import new
from sampan.cli.lifecycle.place import Place, with_place
from sampan.cli.options import Choices
from sampan.cli.plugin_options import load_working
from sampan.cli.suggest import suggestion
from sampan.cli.tabs import align, table
from sampan.core.errors import ConfigError, NotFound, SampanError

_PATH = "/sampan/plugins"
_output = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print it.")


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(ctx: click.Context) -> None:
    """Show which plugins are loaded, and what they bring."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


plugins.add_command(new)
plugins.add_command(check)


@plugins.command("list")
@_output
@with_place
def list_(place: Place, output: str) -> None:
    """List plugins, their parts, and what the cluster uses."""
    about, whose = _about(place)
    if output == "json":
        click.echo(json.dumps(about, indent=4))
        return
    click.echo(f"{whose}\n")
    rows = [[each["name"], each["source"], _how(each)] for each in about["plugins"]]
    click.echo(table([["PLUGIN", "FROM", "STATE"], *rows]))
    parts = [[each["sort"], each["name"], each["plugin"], each["state"]] for each in about["parts"]]
    click.echo(table([["SORT", "NAME", "PLUGIN", "STATE"], *parts]), nl=False)


@plugins.command()
@click.argument("plugin")
@_output
@with_place
def show(place: Place, plugin: str, output: str) -> None:
    """Tell all about one plugin: its parts, kinds and hooks, their failures and the time they took."""
    about, whose = _about(place)
    found = next((each for each in about["plugins"] if each["name"] == plugin), None)
    if found is None:
        names = [each["name"] for each in about["plugins"]]
        raise ConfigError(f"there is no plugin {plugin!r} (there are {', '.join(names)}){suggestion(plugin, names)}")
    of_it = {key: [each for each in about[key] if each["plugin"] == plugin] for key in ("parts", "kinds")}
    if output == "json":
        click.echo(json.dumps(found | of_it, indent=4))
        return
    lines = [f"Plugin:\t{plugin}", f"From:\t{found['source']}", f"State:\t{_how(found)}", f"Asked:\t{whose}"]
    click.echo(align("\n".join(lines)) + "\n")
    if of_it["parts"]:
        rows = [[each["sort"], each["name"], each["state"], each["about"]] for each in of_it["parts"]]
        click.echo(table([["SORT", "NAME", "STATE", "ABOUT"], *rows]))
    if of_it["kinds"]:
        click.echo(table([["KIND", "VERSION"], *([each["kind"], each["apiVersion"]] for each in of_it["kinds"])]))
    if found["hooks"]:
        rows = [
            [each["name"], str(each["calls"]), str(each["failures"]), f"{each['seconds']:.3f} s", each["lastProblem"]]
            for each in found["hooks"]
        ]
        click.echo(table([["HOOK", "CALLS", "FAILED", "TIME", "LAST PROBLEM"], *rows]), nl=False)


def about_plugins(api: Api) -> dict[str, Any]:
    """What the server says of its plugins; nothing where it does not know the question."""
    try:
        about: dict[str, Any] = api.get(_PATH)
    except NotFound:
        return {"plugins": [], "parts": [], "kinds": []}
    return about


def troubles(about: dict[str, Any]) -> Iterator[str]:
    """A sentence about each hook or part that fails or is slow, and each plugin that hangs."""
    for plugin in about["plugins"]:
        if plugin["hangs"]:
            yield f"{plugin['name']} has not come back from a call: it is left out until it does"
        for hook in plugin["hooks"]:
            if hook["failures"]:
                how_often = f"{hook['failures']} of {hook['calls']} calls"
                yield f"{plugin['name']} failed in {hook['name']} ({how_often}): {hook['lastProblem']}"
            if hook.get("slow"):
                how_often = f"{hook['slow']} of {hook['calls']} calls"
                cost = f"the longest {hook['longest']:.1f} s, {hook['seconds']:.1f} s in all"
                yield f"{plugin['name']} is slow in {hook['name']} ({how_often}): {cost}"


def _about(place: Place) -> tuple[dict[str, Any], str]:
    """The running cluster's; where none runs, what the next start would load."""
    if place.directory.holder() is not None:
        try:
            with closing(Api(connect(Choices(kubeconfig=place.directory.kubeconfig)), timeout=5)) as api:
                return about_plugins(api), f"The cluster {place.name!r}, which runs."
        except SampanError as exc:
            click.echo(f"warning: the cluster {place.name!r} was not to be asked: {exc}", err=True)
    from sampan.cli.lifecycle.known import note_of
    from sampan.core.plugins.describe import describe_plugins

    decisions = place.directory.decisions(place.name)
    chosen = {
        "runtime": decisions.runtime,
        "proxy": decisions.proxy,
        "store": decisions.store.partition(":")[0],
    }
    return describe_plugins(load_working(note_of(place).plugins), chosen), "What the next start here would load."


def _how(plugin: dict[str, Any]) -> str:
    if plugin["blocked"]:
        return "blocked"
    if plugin["problem"]:
        return f"broken: {plugin['problem']}"
    if plugin["hangs"]:
        return "left out: a call has not come back"
    failures = sum(hook["failures"] for hook in plugin["hooks"])
    return f"loaded, {failures} failed calls" if failures else "loaded"
