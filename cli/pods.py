"""Which pod and container a person means by ``web``, ``pod/web`` or ``deployment/web``. For `logs` and `exec`."""

from __future__ import annotations

from typing import Any

import click

from sampan.cli.session import Session
from sampan.cli.targets import Target, targets_of
from sampan.core.errors import ConfigError

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def pods_of(session: Session, word: str) -> list[dict[str, Any]]:
    """The pods of an object, the fittest first. Raises `NotFound`, or `ConfigError` where it has none."""
    if "/" not in word:
        return [session.api.get(f"/api/v1/namespaces/{session.namespace}/pods/{word}")]
    [target] = targets_of(session.resources, [word], session.namespace)
    obj: dict[str, Any] = session.api.get(target.path)
    if target.resource.kind == "Pod":
        return [obj]
    return _selected(session, target, obj)


def _selected(session: Session, target: Target, obj: dict[str, Any]) -> list[dict[str, Any]]:
    selector = obj.get("spec", {}).get("selector")
    if not selector:
        raise ConfigError(f"cannot find the pods of {target.reference}: it has no selector")
    path = f"/api/v1/namespaces/{target.namespace}/pods"
    pods = session.api.get(path, {"labelSelector": selector_text(selector)})["items"]
    if not pods:
        raise ConfigError(f"no pods found for {target.reference}")
    return sorted(pods, key=_unfit)


def selector_text(selector: dict[str, Any]) -> str:
    """A selector object as the query parameter that means the same."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={value}" for key, value in selector.items())
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for each in selector.get("matchExpressions") or []:
        key, values = each["key"], ",".join(each.get("values") or [])
        words = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        parts.append(words.get(each["operator"], f"!{key}"))
    return ",".join(parts)


def _unfit(pod: dict[str, Any]) -> tuple[bool, bool, bool, str]:
    """Running pods before others, ready ones first among them; those that end come last."""
    status = pod.get("status", {})
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or [])
    ends = "deletionTimestamp" in pod["metadata"]
    return ends, status.get("phase") != "Running", not ready, pod["metadata"]["name"]


def container_names(pod: dict[str, Any], *, init_too: bool = False) -> list[str]:
    spec = pod["spec"]
    groups = [spec.get("initContainers"), spec.get("containers"), spec.get("ephemeralContainers")]
    chosen = groups if init_too else groups[1:2]
    return [container["name"] for group in chosen for container in group or []]


def container_of(pod: dict[str, Any], asked: str) -> str:
    """The container asked for, else the pod's default one; says so where there are others."""
    name = pod["metadata"]["name"]
    if asked:
        if asked not in container_names(pod, init_too=True):
            raise ConfigError(f"container {asked} not found in pod {name}")
        return asked
    names = container_names(pod)
    default = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    if default in names:
        return str(default)
    if len(names) > 1:
        others = ", ".join(_titles(pod))
        click.echo(f'Defaulted container "{names[0]}" out of: {others}', err=True)
    return names[0]


def _titles(pod: dict[str, Any]) -> list[str]:
    spec = pod["spec"]
    titles = container_names(pod)
    titles += [f"{container['name']} (ephem)" for container in spec.get("ephemeralContainers") or []]
    return titles + [f"{container['name']} (init)" for container in spec.get("initContainers") or []]
