"""A control plane or node agent that runs in this process until a signal comes; a cluster that follows its plugins."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sampan.cli.garbage import collect_what_comes, collecting_nothing
from sampan.core.errors import ConfigError

if TYPE_CHECKING:
    from sampan.core.cluster.cluster import Cluster
    from sampan.core.config import Config
    from sampan.core.plugin_choice import PluginChoice
    from sampan.core.plugins import Plugins

Say = Callable[[str], None]
Ready = Callable[[], None]
LOOK_AGAIN = 0.3
"""Seconds between two looks at the files that are followed."""


class Part(Protocol):
    """What runs until it is told to stop: a cluster, or a node of one."""

    async def start(self) -> None: ...

    async def wait(self) -> None: ...

    async def stop(self) -> None: ...


def log_to_stderr() -> None:
    logging.basicConfig(
        level=os.environ.get("SAMPAN_LOG", "WARNING").upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def serve_cluster(config: Config, choice: PluginChoice, say: Say, ready: Ready, *, reloads: bool = False) -> None:
    """Run the control plane until SIGINT or SIGTERM. Raises `ConfigError` on what cannot be.

    ``reloads``: when a plugin's file changes, the control plane ends and begins again with the new one; pods go on.
    """
    import uvloop

    from sampan.core.plugins import load_plugins

    log_to_stderr()
    # What reloading leaves of a control plane that ended has to go.
    with nullcontext() if reloads else collecting_nothing():
        plugins = load_plugins(choice)
        uvloop.run(_serve(config, choice, plugins, say, ready, reloads))


async def _serve(config: Config, choice: PluginChoice, plugins: Plugins, say: Say, ready: Ready, reloads: bool) -> None:
    from sampan.core.cluster.cluster import Cluster

    def started(cluster: Cluster) -> None:
        say(f"ready: {cluster.access.server}, context {config.cluster!r} in {config.kubeconfig}")
        ready()
        if not reloads:
            collect_what_comes()

    changed: Plugins | None = plugins
    while changed is not None:
        cluster = Cluster(config, changed, say)
        following = asyncio.create_task(_next_plugins(choice, say)) if reloads else None
        await _until(cluster, say, lambda cluster=cluster: started(cluster), following)  # type: ignore[misc]
        changed = following.result() if following is not None and following.done() and _is_whole(following) else None
        if changed is not None:
            say("plugins: changed; the control plane starts anew, pods go on")


def _is_whole(task: asyncio.Task[Plugins]) -> bool:
    return not task.cancelled() and task.exception() is None


async def _until(cluster: Cluster, say: Say, started: Ready, following: asyncio.Task[Plugins] | None) -> None:
    running = asyncio.create_task(run_until_signal(cluster, say, started, "the control plane ends"))
    await asyncio.wait({running, following} if following else {running}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        running.cancel()
        await asyncio.wait({running})
    elif following is not None:
        following.cancel()
        await asyncio.wait({following})
    if not running.cancelled():
        await running


async def _next_plugins(choice: PluginChoice, say: Say) -> Plugins:
    """Once a plugin's file has changed and loads: what is half written, or wrong, is told and waited out."""
    from sampan.core.plugins import load_plugins

    files = [Path(place) for place in choice.files if Path(place).is_absolute()]
    before = _stamps(files)
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        if (now := _stamps(files)) == before:
            continue
        before = now
        try:
            return await asyncio.to_thread(load_plugins, choice)
        except ConfigError as exc:
            say(f"plugins: {exc}; the cluster goes on with what it had")


def _stamps(files: list[Path]) -> list[tuple[int, int]]:
    return [(about.st_mtime_ns, about.st_size) for file in files if (about := _stat(file))]


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None  # an editor is replacing it


async def run_until_signal(part: Part, say: Say, started: Ready, what_ends: str) -> None:
    """Start it, and stop it in order when SIGINT or SIGTERM comes, or this is cancelled."""
    running = asyncio.create_task(_run(part, started))
    asked: list[str] = []

    def end(name: str) -> None:
        # A second signal is no different: stopping takes a moment, and ends by itself.
        if not asked:
            asked.append(name)
            say(f"stopping: {name} came; {what_ends}, pods go on")
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number.name)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise


async def _run(part: Part, started: Ready) -> None:
    await part.start()
    try:
        started()
        await part.wait()
    finally:
        await part.stop()
