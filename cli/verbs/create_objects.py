"""``sampan create deployment|namespace|serviceaccount``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from sampan.cli.output import Output, dry_run_option, output_option
from sampan.cli.session import Session, with_session
from sampan.cli.verbs.create import post
from sampan.core.errors import ApiError, ConfigError

F = TypeVar("F", bound=Callable[..., Any])


def making(command: F) -> Callable[..., Any]:
    """The argument and options that every kind shares."""
    return click.argument("name")(output_option(dry_run_option(with_session(command))))


def make(session: Session, path: str, obj: dict[str, Any], output: Output, dry_run: str) -> None:
    """Create it; a refusal begins with what failed, as kubectl says it."""
    try:
        post(session, path, obj, output, dry_run)
    except ApiError as exc:
        raise ConfigError(f"failed to create {str(obj['kind']).lower()}: {exc}") from exc


def image_name(image: str) -> str:
    """The container's name for an image: its last part without registry, tag and digest."""
    last = image.rpartition("/")[2]
    return re.sub(r"[:@].*$", "", last).replace("_", "-").lower()


@click.command()
@click.option("--image", "images", multiple=True, required=True, help="Image; several times for several containers.")
@click.option("--replicas", "-r", type=int, default=1, help="How many pods.")
@click.option("--port", type=int, default=-1, help="Port that the container listens on.")
@making
@click.argument("command", nargs=-1)
def deployment(
    session: Session,
    name: str,
    images: tuple[str, ...],
    replicas: int,
    port: int,
    output: Output,
    dry_run: str,
    command: tuple[str, ...],
) -> None:
    """A Deployment: `create deployment web --image=nginx -- COMMAND ARGS…`."""
    if command and len(images) > 1:
        raise ConfigError("cannot specify multiple --image options and command")
    containers: list[dict[str, Any]] = [
        {"image": image, "name": image_name(image), "resources": {}} for image in images
    ]
    if port >= 0:
        for container in containers:
            container["ports"] = [{"containerPort": port}]
    if command:
        containers[0]["command"] = list(command)
    labels = {"app": name}
    obj = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    }
    make(session, f"/apis/apps/v1/namespaces/{session.namespace}/deployments", obj, output, dry_run)


@click.command()
@making
def namespace(session: Session, name: str, output: Output, dry_run: str) -> None:
    """A namespace."""
    obj: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    post(session, "/api/v1/namespaces", obj, output, dry_run)


@click.command()
@making
def serviceaccount(session: Session, name: str, output: Output, dry_run: str) -> None:
    """A service account."""
    obj = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    make(session, f"/api/v1/namespaces/{session.namespace}/serviceaccounts", obj, output, dry_run)
