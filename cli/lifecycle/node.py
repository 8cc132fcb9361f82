"""``sampan node``: a node in a process of its own, for a cluster that runs here or on another machine."""

from __future__ import annotations

from pathlib import Path

import click

from sampan.cli.lifecycle.place import default_data_dir
from sampan.cli.lifecycle.running import Ready, Say, log_to_stderr, run_until_signal
from sampan.cli.options import Choices
from sampan.cli.plugin_options import plugin_choice
from sampan.cli.progress import steps
from sampan.core.config import Config
from sampan.core.errors import ConfigError
from sampan.core.kubeconfig import Access
from sampan.core.plugin_choice import PluginChoice


@click.group(invoke_without_command=True)
@click.pass_context
def node(ctx: click.Context) -> None:
    """Add this machine, or a further part of it, to a cluster."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@node.command()
@click.argument("name", required=False, default="")
@click.option("-d", "--detach", is_flag=True, help="Go to the background once the node is ready.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for all of its data (default: by its name).")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="How to reach the cluster.")
@click.option("--context", default="", help="The context in it (default: the current one).")
@click.option("--runtime", default="auto", envvar="SAMPAN_RUNTIME", help="docker, podman, process … (default: auto).")
@click.option("--proxy", default="auto", help="What carries service addresses (default: none where they are served).")
@click.option(
    "--balancer", default="auto", help="What chooses a Service's endpoint, if the proxy asks (default: auto)."
)
@click.option("--pod-cidr", default="", help="Range of this node's pod addresses, or IPV4,IPV6 (default: a free one).")
def join(
    name: str,
    detach: bool,
    data_dir: Path | None,
    kubeconfig: Path | None,
    context: str,
    runtime: str,
    proxy: str,
    balancer: str,
    pod_cidr: str,
) -> None:
    """Run a node called NAME (default: the host's name) that takes pods of the cluster in the kubeconfig.

    In the foreground until Ctrl-C, or behind with -d. `sampan stop --data-dir DIR` ends it and leaves its pods; joined
    again with the same folder it goes on with them. `sampan down --data-dir DIR` takes them away.
    """
    config = Config(
        data_dir=_folder(data_dir, name),
        node_name=name,
        runtime=runtime,
        proxy=proxy,
        balancer=balancer,
        pod_cidr=pod_cidr,
    )
    access = _access(config, kubeconfig, context)
    choice = plugin_choice()
    with steps("joining the cluster") as shown:
        if not detach:
            serve(config, access, choice, shown.say, shown.end)
            return

        from sampan.cli.background import start_behind
        from sampan.core.datadir import DataDir

        directory = DataDir(config.data_dir)
        directory.open()
        directory.close()
        start_behind(directory.log_file, lambda say, ready: serve(config, access, choice, say, ready), shown.say)
    click.echo(
        f"It goes on in the background; its log is {directory.log_file}."
        f" Stop it with `sampan stop --data-dir {config.data_dir}`."
    )


def serve(config: Config, access: Access | None, choice: PluginChoice, say: Say, ready: Ready) -> None:
    """Run the node until SIGINT or SIGTERM. Raises `ConfigError` on what cannot be."""
    import uvloop

    from sampan.core.cluster.joined import JoinedNode
    from sampan.core.plugins import load_plugins

    log_to_stderr()
    plugins = load_plugins(choice)

    async def run() -> None:
        joined = JoinedNode(config, access, plugins, say)
        await run_until_signal(joined, say, ready, "the node's agent ends")

    uvloop.run(run())


def _folder(given: Path | None, name: str) -> Path:
    if given is None and not name:
        raise ConfigError("say which node this is: `sampan node join NAME`, or name its folder with --data-dir")
    return (given or default_data_dir(f"node-{name}")).expanduser().absolute()


def _access(config: Config, kubeconfig: Path | None, context: str) -> Access | None:
    """As named, else as the node reached it before, else as kubectl would."""
    from sampan.core.datadir import DataDir
    from sampan.core.kubeconfig import default_path, read_access

    said = click.get_current_context().find_object(Choices)
    named = kubeconfig or (said.kubeconfig if said else None)
    if named is None and not context and DataDir(config.data_dir).exists():
        return None
    return read_access(named or default_path(), context)
