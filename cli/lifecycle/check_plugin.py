"""``sampan plugins check``: plugins held against their contracts, each at work in a control plane of its own, in seconds.

Nothing of a running cluster is touched: the control plane is in this process, its store in memory, its node simulated.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampan.core.errors import ConfigError, SampanError

if TYPE_CHECKING:
    from sampan.core.plugins import Plugins
    from sampan.core.plugins.load import Loaded
    from sampan.core.testing.live_cluster import LiveCluster
    from sampan.core.testing.template import Template


REST = 10.0
"""Seconds that controllers may take to come to rest after a pod has come."""


@click.command("check")
@click.argument("plugins", metavar="FILE | MODULE | NAME …", nargs=-1, required=True)
def check(plugins: tuple[str, ...]) -> None:
    """Load each plugin alone, hold its parts against their contracts, and watch it at work. Exits with 1 on problems."""
    from sampan.core.testing.loop_thread import LoopThread
    from sampan.core.testing.template import Template

    logging.disable(logging.CRITICAL)  # what goes wrong is told below, once
    loop = LoopThread()
    try:
        with tempfile.TemporaryDirectory() as folder:
            template = Template(Path(folder) / "template", loop)
            found = [_check(plugin, Path(folder) / str(number), template) for number, plugin in enumerate(plugins)]
    finally:
        loop.close()
        logging.disable(logging.NOTSET)
    if any(found):
        raise click.exceptions.Exit(1)
    click.echo("no problem found")


def _check(plugin: str, folder: Path, template: Template) -> bool:
    """Whether there is a problem, after having told it."""
    from sampan.core.testing.start import live_cluster

    problems: list[str] = []
    try:
        found = _find(plugin)
        with live_cluster(folder, template.loop, plugins=[found], template=template) as cluster:
            problems += _at_work(cluster)
        problems += _failures(cluster.plugins)
        problems += _promises(cluster.plugins)
        _describe(cluster.plugins)
    except SampanError as exc:
        problems.append(str(exc))
    for problem in dict.fromkeys(problems):
        click.echo(f"problem: {problem}")
    return bool(problems)


def _find(plugin: str) -> object:
    """A file or module; else an installed plugin of that name."""
    from sampan.core.plugin_sources import installed, installed_entry_points, named

    found = next((each for each in installed(installed_entry_points, outside_only=True) if each.name == plugin), None)
    found = found or named(plugin)
    try:
        loaded = found.load()
    except (Exception, SystemExit) as exc:
        raise ConfigError(f"{plugin} cannot be loaded: {' '.join(str(exc).split()) or type(exc).__name__}") from exc
    if not any(hasattr(getattr(loaded, name, None), "sampan_impl") for name in dir(loaded)):
        raise ConfigError(f"{plugin} has no function marked hookimpl: it does nothing")
    return loaded


def _at_work(cluster: LiveCluster) -> Iterator[str]:
    """A namespace and a pod come and go, as in every cluster."""
    from sampan.core.model.core_v1.pod import Pod

    spec = {"containers": [{"name": "c", "image": "example.com/check:1"}], "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "check"}, "spec": spec}
    try:
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "check"}})
        cluster.apply(pod, namespace="check")
        cluster.wait_for(Pod, "check", "check", lambda pod: pod.status.phase == "Running", within=10)
        cluster.settle(within=REST)
    except TimeoutError:
        yield f"controllers have not come to rest with it within {REST:g} s"
    except (SampanError, AssertionError) as exc:
        yield f"a pod did not run with it: {' '.join(str(exc).split())[:300]}"


def _promises(plugins: Plugins) -> Iterator[str]:
    """What its parts break of what their sorts promise; in a thread, as one may never come back."""
    from sampan.core.plugins.patience import LIMIT, NotBack
    from sampan.core.testing.suites import broken_promises

    for each in _given(plugins):

        def broken(name: str = each.name) -> list[str]:
            return [str(promise) for promise in broken_promises(plugins.registry, name)]

        try:
            yield from asyncio.run(plugins.patience.decide(each.name, "the suites of its parts", broken, LIMIT))
        except NotBack:
            yield f"a part of {each.name} does not come back when it is asked what its sort promises"


def _failures(plugins: Plugins) -> Iterator[str]:
    for (plugin, hook), tally in plugins.account.tallies().items():
        if tally.failures:
            yield f"{plugin} failed in {hook}: {tally.problem}"


def _describe(plugins: Plugins) -> None:
    for each in _given(plugins):
        click.echo(f"plugin {each.name}: hooks {', '.join(each.hooks) or 'none'}")
        for parts in plugins.registry.all_parts():
            for part in parts:
                if part.plugin == each.name:
                    click.echo(f"  {parts.sort} {part.name}")
        for cls, plugin in plugins.registry.kinds.items():
            if plugin == each.name:
                click.echo(f"  kind {cls.__name__}")


def _given(plugins: Plugins) -> list[Loaded]:
    return [each for each in plugins.loaded if each.source == "given at start-up" and each.name != "testing"]
