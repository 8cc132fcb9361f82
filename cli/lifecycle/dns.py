"""``sampan dns``: this host finds Services by the names that pods know them by, or no longer."""

from __future__ import annotations

from contextlib import closing

import click

from sampan.cli.lifecycle.place import Place, with_place
from sampan.core.errors import ConfigError

CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/sampan-config"


@click.group(invoke_without_command=True)
@click.pass_context
def dns(ctx: click.Context) -> None:
    """Have this host find Services by name, as pods do."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@dns.command()
@with_place
def install(place: Place) -> None:
    """Tell this host's resolver to ask the cluster's DNS; needs root. `sampan down` takes it back."""
    from sampan.core.host.host_names import HostNames
    from sampan.core.services.records import DOMAIN

    address = _address(place)
    names = HostNames(place.data_dir)
    try:
        file = names.install(DOMAIN, address)
    except ConfigError as exc:
        raise ConfigError(f"{exc}; or put this first into /etc/resolv.conf: {names.line(address)}") from exc
    click.echo(
        f"This host asks {address} for *.{DOMAIN} ({file}). Take it back with `{place.command('dns uninstall')}`."
    )


@dns.command()
@with_place
def uninstall(place: Place) -> None:
    """Take back what `sampan dns install` did. Doing it again does no harm."""
    from sampan.core.host.host_names import HostNames

    click.echo("taken back" if HostNames(place.data_dir).uninstall() else "there was nothing to take back")


def _address(place: Place) -> str:
    """Of the cluster's DNS. Raises `ConfigError` where it has none, and where it does not run."""
    from sampan.cli.api import Api
    from sampan.cli.connection import connect
    from sampan.cli.options import Choices

    place.decisions()
    if place.directory.holder() is None:
        raise ConfigError(f"the cluster {place.name} does not run: start it with `{place.command('up')}`")
    with closing(Api(connect(Choices(kubeconfig=place.directory.kubeconfig)), timeout=5)) as api:
        address = str(api.get(CONFIG_MAP)["data"].get("clusterDNS", ""))
    if not address:
        raise ConfigError(f"the cluster {place.name} has no DNS: `sampan up --dns cluster`, as root, gives it one")
    return address
