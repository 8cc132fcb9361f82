"""``sampan expose``: a Service for the pods of an object."""

from __future__ import annotations

from typing import Any

import click

from sampan.cli.completion import complete_object
from sampan.cli.manifests import files_options, read_manifests
from sampan.cli.output import Output, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.targets import Target, one_target, targets_of_files
from sampan.cli.verbs.create import post
from sampan.core.errors import ConfigError


@click.command()
@click.argument("arguments", nargs=-1, metavar="TYPE NAME | TYPE/NAME", shell_complete=complete_object)
@files_options
@click.option("--port", default="", help="Port of the service (default: the containers').")
@click.option("--target-port", default="", help="Port of the pods, or its name.")
@click.option("--protocol", default="", help="TCP, UDP or SCTP.")
@click.option("--name", default="", help="Name of the service (default: the object's).")
@click.option("--type", "type_", default="", help="ClusterIP, NodePort, LoadBalancer or ExternalName.")
@click.option("--selector", default="", metavar="KEY=VALUE,…", help="Labels of the pods (default: the object's).")
@click.option("-l", "--labels", default="", metavar="KEY=VALUE,…", help="Labels of the service.")
@click.option("--cluster-ip", default="", help="Its address; None for a headless service.")
@click.option("--external-ip", default="", help="A further address that leads to it.")
@click.option("--session-affinity", default="", help="None or ClientIP.")
@output_option
@dry_run_option
@with_session
def expose(
    session: Session,
    arguments: tuple[str, ...],
    filenames: tuple[str, ...],
    recursive: bool,
    port: str,
    target_port: str,
    protocol: str,
    name: str,
    type_: str,
    selector: str,
    labels: str,
    cluster_ip: str,
    external_ip: str,
    session_affinity: str,
    output: Output,
    dry_run: str,
) -> None:
    """Make a Service: `expose deployment web --port=80`."""
    target = _target(session, arguments, filenames, recursive)
    obj = session.api.get(target.path)
    spec: dict[str, Any] = {"selector": _pairs(selector) if selector else pod_labels(target, obj)}
    ports = service_ports(obj, port, target_port, protocol)
    if not ports and cluster_ip != "None":
        raise ConfigError("couldn't find port via --port flag or introspection")
    if ports:
        spec["ports"] = ports
    given = {"type": type_, "clusterIP": cluster_ip, "sessionAffinity": session_affinity}
    spec |= {key: value for key, value in given.items() if value}
    if external_ip:
        spec["externalIPs"] = [external_ip]
    metadata: dict[str, Any] = {"name": name or target.name}
    if found := _pairs(labels) if labels else obj["metadata"].get("labels"):
        metadata["labels"] = found
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    post(session, f"/api/v1/namespaces/{target.namespace}/services", service, output, dry_run, what="exposed")


def _target(session: Session, arguments: tuple[str, ...], filenames: tuple[str, ...], recursive: bool) -> Target:
    if not filenames:
        return one_target(session, arguments)
    targets = targets_of_files(session, read_manifests(filenames, recursive=recursive))
    if len(targets) != 1:
        raise ConfigError("one object must be named: the files hold several, or none")
    return targets[0]


def pod_labels(target: Target, obj: dict[str, Any]) -> dict[str, str]:
    """The labels by which an object finds its pods. Raises `ConfigError` for kinds without pods."""
    kind, spec = target.resource.kind, obj.get("spec") or {}
    if kind == "Pod":
        labels: dict[str, str] = obj["metadata"].get("labels") or {}
        if not labels:
            raise ConfigError("the pod has no labels and cannot be exposed")
        return labels
    if kind in ("Service", "ReplicationController"):
        return dict(spec.get("selector") or {})
    if kind in ("Deployment", "ReplicaSet"):
        if spec.get("selector", {}).get("matchExpressions"):
            raise ConfigError("couldn't convert expressions - name the pods' labels with --selector")
        return dict(spec.get("selector", {}).get("matchLabels") or {})
    raise ConfigError(f"cannot expose a {kind}")


def service_ports(obj: dict[str, Any], port: str, target_port: str, protocol: str) -> list[dict[str, Any]]:
    """The ports asked for (``80,443``), else those of the object's containers or of the Service that it is."""
    own = _own_ports(obj)
    wanted = [_number(text) for text in port.split(",")] if port else [number for number, _ in own]
    known = dict(own)
    ports = []
    for place, number in enumerate(wanted, 1):
        entry: dict[str, Any] = {"name": f"port-{place}"} if len(wanted) > 1 else {}
        target: int | str = int(target_port) if target_port.isdigit() else target_port
        entry |= {
            "port": number,
            "protocol": protocol.upper() or known.get(number, "TCP"),
            "targetPort": target or number,
        }
        ports.append(entry)
    return ports


def _own_ports(obj: dict[str, Any]) -> list[tuple[int, str]]:
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Service":
        return [(port["port"], port.get("protocol", "TCP")) for port in spec.get("ports") or []]
    pod = spec.get("template", {}).get("spec") or spec
    return [
        (port["containerPort"], port.get("protocol", "TCP"))
        for container in pod.get("containers") or []
        for port in container.get("ports") or []
    ]


def _number(text: str) -> int:
    if not text.isdigit():
        raise ConfigError(f'--port must be a number, not "{text}"')
    return int(text)


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ConfigError(f"unexpected {pair!r}: write labels as key=value,key=value")
        found[key] = value
    return found
