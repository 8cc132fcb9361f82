"""``sampan up``: start a cluster here, in the foreground, or behind with ``-d`` once it is ready."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import click

from sampan.cli.lifecycle.place import Place, kubeconfig_to_write, with_place
from sampan.core.config import DEFAULT_PORT, Config
from sampan.core.errors import ConfigError

Say = Callable[[str], None]


class Part(Protocol):
    """What runs until it is told to stop: a cluster, or a node of one."""

    async def start(self) -> None: ...

    async def wait(self) -> None: ...

    async def stop(self) -> None: ...


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Go to the background once the node is ready.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API (default: 6443, or the next free one).")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address of the API.")
@click.option("--runtime", default="auto", envvar="SAMPAN_RUNTIME", help="docker, podman, process … (default: auto).")
@click.option("--store", default="", envvar="SAMPAN_STORE", metavar="URL", help="Store (default: SQLite in the data).")
@click.option("--proxy", default="auto", envvar="SAMPAN_PROXY", help="What carries service addresses (default: auto).")
@click.option("--manifests", type=click.Path(path_type=Path), help="Folder with pods that this node always runs.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path), help="File to write a context into (default: kubectl's)."
)
@click.option("--node-name", default="", help="The first node's name (default: the host's).")
@click.option("--nodes", type=click.IntRange(1, 1000), help="How many nodes (default: as before, at first one).")
@click.option("--service-cidr", default="", help="Range of service addresses.")
@click.option("--pod-cidr", default="", help="Range of pod addresses.")
@click.option("--block-plugin", "blocked", multiple=True, metavar="NAME", help="Leave a plugin out.")
@with_place
def up(
    place: Place,
    detach: bool,
    port: int | None,
    address: str,
    runtime: str,
    store: str,
    proxy: str,
    manifests: Path | None,
    kubeconfig: Path | None,
    node_name: str,
    nodes: int | None,
    service_cidr: str,
    pod_cidr: str,
    blocked: tuple[str, ...],
) -> None:
    """Start a cluster, or go on with one that was stopped; says what it chooses and why."""
    if manifests is not None and not manifests.is_dir():
        raise ConfigError(f"--manifests {manifests} is not a folder")
    config = Config(
        cluster=place.name,
        data_dir=place.data_dir,
        address=address,
        port=DEFAULT_PORT if port is None else port,
        port_is_fixed=port is not None,
        runtime=runtime,
        proxy=proxy,
        store=store,
        node_name=node_name,
        nodes=nodes or 0,
        service_cidr=service_cidr,
        pod_cidr=pod_cidr,
        manifests=manifests.absolute() if manifests else None,
        kubeconfig=kubeconfig_to_write(kubeconfig).absolute(),
        blocked_plugins=blocked,
    )
    if not detach:
        serve(config, step, lambda: None)
        return

    from sampan.cli.background import start_behind

    # Whatever is wrong with the directory is said here, before there is a process that would have to tell.
    directory = place.directory
    directory.open()
    directory.close()
    start_behind(directory.log_file, lambda say, ready: serve(config, say, ready), step)
    click.echo(f"It goes on in the background; its log is {directory.log_file}. Stop it with `sampan stop`.")


def serve(config: Config, say: Say, ready: Callable[[], None]) -> None:
    """Run the control plane until SIGINT or SIGTERM. Raises `ConfigError` on what cannot be."""
    import uvloop

    logging.basicConfig(
        level=os.environ.get("SAMPAN_LOG", "WARNING").upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    uvloop.run(_serve(config, say, ready))


async def _serve(config: Config, say: Say, ready: Callable[[], None]) -> None:
    from sampan.core.cluster import Cluster
    from sampan.core.plugins import load_plugins

    cluster = Cluster(config, load_plugins(blocked=config.blocked_plugins), say)

    def started() -> None:
        say(f"ready: {cluster.access.server}, context {config.cluster!r} in {config.kubeconfig}")
        ready()

    await run_until_signal(cluster, say, started, "the control plane ends")


async def run_until_signal(part: Part, say: Say, started: Callable[[], None], what_ends: str) -> None:
    """Start it, and stop it in order when SIGINT or SIGTERM comes."""
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


async def _run(part: Part, started: Callable[[], None]) -> None:
    await part.start()
    try:
        started()
        await part.wait()
    finally:
        await part.stop()


def step(line: str) -> None:
    """One step, for a person who waits: what it is about stands out on a terminal."""
    subject, colon, rest = line.partition(":")
    click.echo(f"{click.style(subject + colon, fg='cyan')}{rest}" if colon else line)
