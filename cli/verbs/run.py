"""``sampan run``: one image as a pod."""

from __future__ import annotations

import json
from typing import Any

import click

from sampan.cli.output import Output, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.verbs.create import post
from sampan.core.errors import ConfigError

_RESTARTS = ("Always", "OnFailure", "Never")


@click.command()
@click.argument("name")
@click.option("--image", required=True, help="The image to run.")
@click.option("--port", default="", help="Port that the container listens on.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="Environment variable.")
@click.option("-l", "--labels", default="", metavar="KEY=VALUE,…", help="Labels instead of run=NAME.")
@click.option("--annotations", multiple=True, metavar="KEY=VALUE", help="Annotation.")
@click.option("--restart", default="Always", help="Always, OnFailure or Never.")
@click.option("--image-pull-policy", default="", help="Always, IfNotPresent or Never.")
@click.option("--privileged", is_flag=True, help="Run the container privileged.")
@click.option("--command", "is_command", is_flag=True, help="What follows -- is the command, not its arguments.")
@click.option("--overrides", default="", metavar="JSON", help="Merged over the pod.")
@output_option
@dry_run_option
@with_session
@click.argument("arguments", nargs=-1)
def run(
    session: Session,
    name: str,
    image: str,
    port: str,
    variables: tuple[str, ...],
    labels: str,
    annotations: tuple[str, ...],
    restart: str,
    image_pull_policy: str,
    privileged: bool,
    is_command: bool,
    overrides: str,
    output: Output,
    dry_run: str,
    arguments: tuple[str, ...],
) -> None:
    """Run an image as a pod: `run web --image=nginx --port=80 -- ARGS…`."""
    if not image:
        raise ConfigError("--image is required")
    if restart not in _RESTARTS:
        raise ConfigError(f"invalid restart policy: {restart}, valid values are: {', '.join(_RESTARTS)}")
    container: dict[str, Any] = {"image": image, "name": name, "resources": {}}
    if port:
        container["ports"] = [{"containerPort": _port(port)}]
    if variables:
        container["env"] = [_variable(variable) for variable in variables]
    if image_pull_policy:
        container["imagePullPolicy"] = image_pull_policy
    if privileged:
        container["securityContext"] = {"privileged": True}
    if arguments:
        container["command" if is_command else "args"] = list(arguments)
    metadata: dict[str, Any] = {"name": name, "labels": _pairs(labels.split(",")) if labels else {"run": name}}
    if annotations:
        metadata["annotations"] = _pairs(annotations)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": restart},
    }
    if overrides:
        pod = _merged(pod, _overrides(overrides))
    post(session, f"/api/v1/namespaces/{session.namespace}/pods", pod, output, dry_run)


def _port(text: str) -> int:
    if not text.isdigit():
        raise ConfigError("--port must be a number")
    return int(text)


def _variable(text: str) -> dict[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"invalid env: {text}")
    return {"name": name, "value": value}


def _pairs(texts: list[str] | tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise ConfigError(f"unexpected label or annotation {text!r}: write it as key=value")
        found[key] = value
    return found


def _overrides(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise ConfigError(f"--overrides is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise ConfigError("--overrides must be a JSON object")
    return value


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7386): objects merge, everything else is replaced, null removes."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = _merged(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = value
    return merged
