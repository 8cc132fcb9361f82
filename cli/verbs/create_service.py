"""``sampan create service clusterip|nodeport|loadbalancer|externalname``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from sampan.cli.output import Output
from sampan.cli.session import Session
from sampan.cli.verbs.create import post
from sampan.cli.verbs.create_objects import making
from sampan.core.errors import ApiError, ConfigError

_TCP = click.option("--tcp", multiple=True, metavar="PORT[:TARGET]", help="A port, and the one in the pods.")


@click.group(invoke_without_command=True)
@click.pass_context
def service(ctx: click.Context) -> None:
    """A Service for the pods that are labelled app=NAME."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@service.command()
@_TCP
@click.option("--clusterip", default="", help="Its address; None for a headless service.")
@making
def clusterip(session: Session, name: str, tcp: tuple[str, ...], clusterip: str, output: Output, dry_run: str) -> None:
    """Reachable inside the cluster and from this host."""
    if not tcp and clusterip != "None":
        raise ConfigError("at least one tcp port specifier must be provided")
    spec: dict[str, Any] = {"type": "ClusterIP", "ports": _ports(tcp)}
    if clusterip:
        spec["clusterIP"] = clusterip
    _make(session, name, spec, output, dry_run)


@service.command()
@_TCP
@click.option("--node-port", type=int, default=0, help="The port on every node.")
@making
def nodeport(session: Session, name: str, tcp: tuple[str, ...], node_port: int, output: Output, dry_run: str) -> None:
    """Reachable on a port of every node too."""
    ports = _ports(_some(tcp))
    if node_port:
        ports[0]["nodePort"] = node_port
    _make(session, name, {"type": "NodePort", "ports": ports}, output, dry_run)


@service.command()
@_TCP
@making
def loadbalancer(session: Session, name: str, tcp: tuple[str, ...], output: Output, dry_run: str) -> None:
    """Reachable at an address of its own outside the cluster."""
    _make(session, name, {"type": "LoadBalancer", "ports": _ports(_some(tcp))}, output, dry_run)


@service.command()
@click.option("--external-name", required=True, help="The name that it stands for.")
@_TCP
@making
def externalname(
    session: Session, name: str, external_name: str, tcp: tuple[str, ...], output: Output, dry_run: str
) -> None:
    """Another name for a host outside."""
    spec: dict[str, Any] = {"type": "ExternalName", "externalName": external_name}
    if tcp:
        spec["ports"] = _ports(tcp)
    _make(session, name, spec, output, dry_run)


def _make(session: Session, name: str, spec: dict[str, Any], output: Output, dry_run: str) -> None:
    labels = {"app": name}
    spec["selector"] = labels
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": labels}, "spec": spec}
    try:
        post(session, f"/api/v1/namespaces/{session.namespace}/services", obj, output, dry_run)
    except ApiError as exc:
        raise ConfigError(f"failed to create {spec['type']} service: {exc}") from exc


def _some(tcp: tuple[str, ...]) -> tuple[str, ...]:
    if not tcp:
        raise ConfigError("at least one tcp port specifier must be provided")
    return tcp


def _ports(tcp: Sequence[str]) -> list[dict[str, Any]]:
    """``80:8080`` as kubectl names and fills it; the target may be a port's name."""
    return [_port(word) for value in tcp for word in value.split(",")]


def _port(word: str) -> dict[str, Any]:
    port, colon, target = word.partition(":")
    wanted: int | str = _number(port)
    if colon:
        wanted = _number(target) if target.isdigit() else target
    return {"name": word.replace(":", "-"), "port": _number(port), "protocol": "TCP", "targetPort": wanted}


def _number(text: str) -> int:
    if not text.isdigit():
        raise ConfigError(f'a port must be a number, not "{text}"')
    if int(text) > 65535:
        raise ConfigError(f'a port must be at most 65535, not "{text}"')
    return int(text)
