"""``sampan up``: start a cluster here, in the foreground, or behind with ``-d`` once it is ready."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource

from sampan.cli.configuration import configured_options
from sampan.cli.lifecycle.api_options import admission_options, audit_options
from sampan.cli.lifecycle.known import remember
from sampan.cli.lifecycle.place import Place, kubeconfig_to_write, with_new_place
from sampan.cli.lifecycle.running import Ready, Say, serve_cluster
from sampan.cli.plugin_options import plugin_choice
from sampan.cli.progress import Steps, steps
from sampan.cli.suggest import suggestion
from sampan.core.config import DEFAULT_PORT, AdmissionChoice, AuditLog, Config
from sampan.core.errors import ConfigError

_NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_PORT = click.IntRange(0, 65535)
_ABOUT_THE_START = ("detach", "name", "data_dir", "kubeconfig")
"""Options that say how to start, not what."""


@click.command()
@click.option("-d", "--detach", is_flag=True, help="Go to the background once the node is ready.")
@click.option("--port", type=_PORT, help="Port of the API (default: 6443, or the next free one).")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address of the API.")
@click.option("--runtime", default="auto", envvar="SAMPAN_RUNTIME", help="docker, podman, process … (default: auto).")
@click.option("--store", default="", envvar="SAMPAN_STORE", metavar="URL", help="Store (default: SQLite in the data).")
@click.option("--proxy", default="auto", envvar="SAMPAN_PROXY", help="What carries service addresses (default: auto).")
@click.option("--balancer", default="auto", help="What chooses a Service's endpoint (default: auto).")
@click.option("--dns", default="auto", help="Cluster DNS: cluster, or none (default: auto).")
@click.option(
    "--ingress",
    is_flag=False,
    flag_value="auto",
    default="",
    metavar="[NAME]",
    help="Serve Ingresses, with caddy; or none (default: as before, at first none).",
)
@click.option("--ingress-port", type=_PORT, help="Port for their HTTP (default: 8080, or the next free one).")
@click.option("--ingress-tls-port", type=_PORT, help="Port for their HTTPS (default: 8443, or the next free one).")
@click.option("--manifests", type=click.Path(path_type=Path), help="Folder with pods that this node always runs.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path), help="File to write a context into (default: kubectl's)."
)
@click.option("--node-name", default="", help="The first node's name (default: the host's).")
@click.option("--nodes", type=click.IntRange(1, 1000), help="How many nodes (default: as before, at first one).")
@click.option(
    "--stages",
    multiple=True,
    metavar="FILE",
    help="KWOK's stages for simulated pods: a file, or a folder of them (repeatable).",
)
@audit_options
@admission_options
@click.option(
    "--ip-family",
    type=click.Choice(["ipv4", "dual"]),
    help="Addresses of Services and pods: IPv4 alone, or IPv4 and IPv6 (default: as before, at first ipv4).",
)
@click.option("--service-cidr", default="", help="Range of service addresses, or IPV4,IPV6.")
@click.option("--pod-cidr", default="", help="Range of the first node's pod addresses, or IPV4,IPV6.")
@click.option(
    "--reload", "reload_", is_flag=True, help="Start anew, in place, when a file given with --plugin changes."
)
@click.pass_context
@with_new_place
def up(
    place: Place,
    ctx: click.Context,
    detach: bool,
    port: int | None,
    address: str,
    runtime: str,
    store: str,
    proxy: str,
    balancer: str,
    dns: str,
    ingress: str,
    ingress_port: int | None,
    ingress_tls_port: int | None,
    manifests: Path | None,
    kubeconfig: Path | None,
    node_name: str,
    nodes: int | None,
    stages: tuple[str, ...],
    audit: AuditLog,
    admission: AdmissionChoice,
    ip_family: str | None,
    service_cidr: str,
    pod_cidr: str,
    reload_: bool,
) -> None:
    """Start a cluster, or go on with one that was stopped; says what it chooses and why."""
    _check_configuration(ctx)
    choice = plugin_choice(ctx)
    if stages:
        choice = choice.with_settings("plugins", stages=[str(Path(each).absolute()) for each in stages])
    if manifests is not None and not manifests.is_dir():
        raise ConfigError(f"--manifests {manifests} is not a folder")
    if node_name and not _NODE_NAME.fullmatch(node_name):
        raise ConfigError(
            f"{node_name!r} cannot be a node's name: use at most 63 lower-case letters, digits, dashes and dots"
        )
    if reload_ and not choice.files:
        raise ConfigError("--reload needs a plugin to follow: name one with --plugin FILE")
    if place.directory.holder() is not None:
        _say_that_it_runs(place, ctx)
        return
    _check_name(place)
    config = Config(
        cluster=place.name,
        data_dir=place.data_dir,
        address=address,
        port=DEFAULT_PORT if port is None else port,
        port_is_fixed=port is not None,
        runtime=runtime,
        proxy=proxy,
        balancer=balancer,
        dns=dns,
        ingress=ingress,
        ingress_port=ingress_port,
        ingress_tls_port=ingress_tls_port,
        store=store,
        node_name=node_name,
        nodes=nodes or 0,
        ip_family=ip_family or "",
        service_cidr=service_cidr,
        pod_cidr=pod_cidr,
        manifests=manifests.absolute() if manifests else None,
        audit=audit,
        admission=admission,
        kubeconfig=kubeconfig_to_write(kubeconfig).absolute(),
    )

    def serve(say: Say, ready: Ready) -> None:
        def started() -> None:
            remember(place, kubeconfig=config.kubeconfig, plugins=choice.files, blocked=tuple(choice.blocked))
            ready()

        serve_cluster(config, choice, say, started, reloads=reload_)

    with steps(f"starting the cluster {place.name}") as shown:
        if not detach:
            serve(shown.say, shown.end)
            return
        _start_behind(place, serve, shown)
    click.echo(
        f"It goes on in the background; its log is {place.directory.log_file}. Stop it with `{place.command('stop')}`."
    )


def _start_behind(place: Place, serve: Callable[[Say, Ready], None], shown: Steps) -> None:
    from sampan.cli.background import start_behind

    # Whatever is wrong with the directory is said here, before there is a process that would have to tell.
    directory = place.directory
    directory.open()
    directory.close()
    start_behind(directory.log_file, serve, shown.say)


def _say_that_it_runs(place: Place, ctx: click.Context) -> None:
    """What was asked for is there already."""
    from sampan.core.kubeconfig import read_access

    holder = place.directory.holder()
    try:
        where = f" at {read_access(place.directory.kubeconfig).server}"
    except ConfigError:
        where = ""  # it is on its way up, or down
    click.echo(f"The cluster {place.name!r} runs already{where} (process {holder}).")
    said = [
        name
        for name in ctx.params
        if name not in _ABOUT_THE_START and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if said:
        options = ", ".join("--" + name.strip("_").replace("_", "-") for name in said)
        click.echo(f"It was left as it is: for {options} stop it first with `{place.command('stop')}`.", err=True)


def _check_name(place: Place) -> None:
    """Two clusters of one name would take each other's pods and context for their own."""
    from sampan.cli.lifecycle.known import known_places

    for other in known_places():
        if other.name == place.name and other.data_dir != place.data_dir and other.directory.holder() is not None:
            raise ConfigError(
                f"a cluster named {place.name!r} runs already, with its data in {other.data_dir}:"
                " choose another name with --name"
            )


def _check_configuration(ctx: click.Context) -> None:
    known = [parameter.name or "" for parameter in up.params]
    for name in configured_options():
        if name not in known:
            hint = suggestion(name, known)
            raise ConfigError(f"the configuration has the option {name!r}, which `sampan up` has not{hint}")
