"""``sampan down``: the cluster ends with its pods, network and rules; ``--purge`` deletes its data too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from sampan.cli.lifecycle.known import forget, note_of
from sampan.cli.lifecycle.place import Place, kubeconfig_to_write, with_place
from sampan.cli.lifecycle.stop import end_control_plane
from sampan.cli.plugin_options import load_working
from sampan.cli.progress import steps
from sampan.core.config import Config


@click.command()
@click.option("--purge", is_flag=True, help="Delete the data too.")
@click.option("--timeout", type=float, default=60, show_default=True, help="Seconds to wait for the control plane.")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="File to take the context out of (default: as it was started).",
)
@with_place
def down(place: Place, purge: bool, timeout: float, kubeconfig: Path | None) -> None:
    """End the cluster: pods, network and rules go too. Doing it again does no harm."""
    from sampan.core.cluster.destroy import destroy_cluster

    note = note_of(place)
    if kubeconfig is None and note.kubeconfig:
        kubeconfig = Path(note.kubeconfig)
    config = Config(cluster=place.name, data_dir=place.data_dir, kubeconfig=kubeconfig_to_write(kubeconfig).absolute())
    with steps(f"taking down the cluster {place.name}") as shown:
        if end_control_plane(place, timeout):
            shown.say("control plane: stopped")
        plugins = load_working(note.plugins, host_only=True)
        asyncio.run(destroy_cluster(config, plugins, shown.say, purge=purge))
    if purge:
        forget(place)
