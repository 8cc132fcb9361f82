"""``sampan status``: whether the cluster runs, what it is made of, and how its nodes and pods are."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from typing import Any

import click

from sampan.cli.api import Api
from sampan.cli.connection import connect
from sampan.cli.failures import sentence
from sampan.cli.lifecycle.place import Place, with_place
from sampan.cli.lifecycle.plugins import about_plugins, troubles
from sampan.cli.options import Choices
from sampan.cli.tabs import align
from sampan.core.datadir import Decisions
from sampan.core.errors import SampanError


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@with_place
def status(place: Place, output: str) -> None:
    """Say how the cluster is; the exit code is 0 only where it runs and all its nodes are ready."""
    decisions = place.decisions()
    holder = place.directory.holder()
    found: dict[str, Any] = {
        "cluster": decisions.cluster,
        "running": holder is not None,
        "process": holder,
        "dataDir": str(place.data_dir),
        "runtime": decisions.runtime,
        "proxy": decisions.proxy,
        "ingress": _ingress(decisions),
        "store": decisions.store,
        "podCIDR": decisions.pod_cidr,
        "serviceCIDR": decisions.service_cidr,
    }
    if holder is not None:
        found |= _asked(place)
    if output == "json":
        click.echo(json.dumps(found, indent=4))
    else:
        click.echo(_text(found, place), nl=False)
    nodes = found.get("nodes") or {}
    if not nodes or any(state != "Ready" for state in nodes.values()):
        raise click.exceptions.Exit(1)


def _asked(place: Place) -> dict[str, Any]:
    """What the API says; a failure is part of the status."""
    try:
        connection = connect(Choices(kubeconfig=place.directory.kubeconfig))
        with closing(Api(connection, timeout=5)) as api:
            nodes = api.get("/api/v1/nodes")["items"]
            pods = api.get("/api/v1/pods")["items"]
            about = about_plugins(api)
    except SampanError as exc:
        return {"problem": sentence(exc)}
    return {
        "server": connection.server,
        "nodes": {node["metadata"]["name"]: _state(node) for node in nodes},
        "pods": dict(Counter(pod["status"].get("phase", "Unknown") for pod in pods)),
        "pluginTroubles": list(troubles(about)),
    }


def _ingress(decisions: Decisions) -> str:
    if not decisions.ingress:
        return "none"
    ports = f"http://localhost:{decisions.ingress_port} and https://localhost:{decisions.ingress_tls_port}"
    return f"{decisions.ingress}, {ports}"


def _state(node: dict[str, Any]) -> str:
    conditions = node.get("status", {}).get("conditions") or []
    ready = next((each["status"] for each in conditions if each["type"] == "Ready"), "Unknown")
    return {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")


def _text(found: dict[str, Any], place: Place) -> str:
    running = f"running (process {found['process']})"
    state = running if found["running"] else f"stopped (start it with `{place.command('up')}`)"
    lines = [f"Cluster:\t{found['cluster']}", f"State:\t{state}"]
    if "server" in found:
        nodes = ", ".join(f"{name} {state}" for name, state in found["nodes"].items()) or "none"
        pods = ", ".join(f"{count} {phase}" for phase, count in sorted(found["pods"].items())) or "none"
        lines += [f"API:\t{found['server']}", f"Nodes:\t{nodes}", f"Pods:\t{pods}"]
    if "problem" in found:
        lines.append(f"API:\t{found['problem']}")
    lines += [
        f"Runtime:\t{found['runtime']}, pods in {found['podCIDR'] or 'the network of the host'}",
        f"Proxy:\t{found['proxy']}, services in {found['serviceCIDR']}",
        f"Ingress:\t{found['ingress']}",
        f"Store:\t{found['store']}",
        f"Data:\t{found['dataDir']}",
    ]
    lines += [f"Plugin:\t{trouble}" for trouble in found.get("pluginTroubles") or ()]
    return align("\n".join(lines)) + "\n"
