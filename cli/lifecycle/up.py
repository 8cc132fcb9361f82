"""``sampan up``: start a cluster here, in the foreground, or behind with ``-d`` once it is ready."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampan.cli.lifecycle.place import Place, kubeconfig_to_write, with_place
from sampan.core.config import DEFAULT_PORT, Config
from sampan.core.errors import ConfigError

if TYPE_CHECKING:
    from sampan.core.cluster import Cluster

Say = Callable[[str], None]


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
@click.option("--node-name", default="", help="The node's name (default: the host's).")
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
        service_cidr=service_cidr,
        pod_cidr=pod_cidr,
        manifests=manifests.absolute() if manifests else None,
        kubeconfig=kubeconfig_to_write(kubeconfig).absolute(),
        blocked_plugins=blocked,
    )
    if not detach:
        serve(config, _step, lambda: None)
        return

    from sampan.cli.background import start_behind

    # Whatever is wrong with the directory is said here, before there is a process that would have to tell.
    directory = place.directory
    directory.open()
    directory.close()
    start_behind(directory.log_file, lambda say, ready: serve(config, say, ready), _step)
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
    running = asyncio.create_task(_run(cluster, config, say, ready))
    asked: list[str] = []

    def end(name: str) -> None:
        # A second signal is no different: stopping takes a moment, and ends by itself.
        if not asked:
            asked.append(name)
            say(f"stopping: {name} came; the control plane ends, pods go on")
            running.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number.name)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise


async def _run(cluster: Cluster, config: Config, say: Say, ready: Callable[[], None]) -> None:
    await cluster.start()
    try:
        say(f"ready: {cluster.access.server}, context {config.cluster!r} in {config.kubeconfig}")
        ready()
        await cluster.wait()
    finally:
        await cluster.stop()


def _step(line: str) -> None:
    """One step, for a person who waits: what it is about stands out on a terminal."""
    subject, colon, rest = line.partition(":")
    click.echo(f"{click.style(subject + colon, fg='cyan')}{rest}" if colon else line)
