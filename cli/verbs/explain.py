"""``sampan explain pod NAME``: in plain words, why a pod is not where or what it should be.

What kubectl would have to be asked in four ways: where the scheduler could not put it and why, per node; which container
waits, crashes or is not ready, and with which last words; which volumes or images are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from sampan.cli.completion import complete_pod
from sampan.cli.session import Session, with_session
from sampan.core.errors import ConfigError, NotFound

Object = dict[str, Any]
_PATH = "/sampan/scheduling"
_IMAGE = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName")
_MOST_EVENTS = 5


@click.command()
@click.argument("kind", metavar="pod", type=click.Choice(["pod", "pods", "po"]))
@click.argument("name", shell_complete=complete_pod)
@with_session
def explain(session: Session, kind: str, name: str) -> None:
    """Say in plain words how a pod is, and why: `explain pod web`."""
    path = f"/api/v1/namespaces/{session.namespace}/pods/{name}"
    try:
        pod = session.api.get(path)
    except NotFound as exc:
        raise ConfigError(f"{exc} in namespace {session.namespace!r}") from exc
    for line in (*_in_short(pod), *_placing(session, pod), *_containers(pod), *_events(session, pod)):
        click.echo(line)


def _in_short(pod: Object) -> Iterator[str]:
    status = pod.get("status", {})
    where = f" on node {pod['spec']['nodeName']}" if pod["spec"].get("nodeName") else ""
    yield f"Pod {pod['metadata']['name']} is {status.get('phase', 'Unknown')}{where}."
    if pod["metadata"].get("deletionTimestamp"):
        yield "It is being deleted, and goes once its containers have ended."
        if finalizers := pod["metadata"].get("finalizers"):
            yield f"Finalizers keep it: {', '.join(finalizers)}."
    if status.get("reason") or status.get("message"):
        yield f"{status.get('reason', 'It says')}: {status.get('message', '')}".rstrip(": ")


def _placing(session: Session, pod: Object) -> Iterator[str]:
    has_node = bool(pod["spec"].get("nodeName"))
    if not has_node and (gates := pod["spec"].get("schedulingGates")):
        yield f"It is not to be placed yet: scheduling gates {', '.join(gate['name'] for gate in gates)} are set."
        return
    story = _story(session, pod)
    refused, placed = story.get("refused"), story.get("placed")
    if not has_node and (message := _condition(pod, "PodScheduled").get("message")):
        yield f"It has no node: {message}"
        yield from _by_node(refused)
        return
    if placed:
        yield f"The scheduler {story['scheduler']} chose {placed['node']} at {placed['at']}."
        yield from _by_node(placed)
    if refused:
        times = f"{story['timesRefused']} time{'s' * (story['timesRefused'] > 1)}"
        yield f"Before that it had no node {times}, at last at {refused['at']}: {refused['message']}"
        yield from _by_node(refused)


def _story(session: Session, pod: Object) -> Object:
    """What the scheduler has decided about this very pod, where the server tells and has not forgotten."""
    try:
        stories = session.api.get(_PATH)
    except NotFound:
        return {}
    found: Object = stories.get(f"{pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}") or {}
    return found if found.get("uid") == pod["metadata"].get("uid") else {}


def _by_node(decision: Object | None) -> Iterator[str]:
    """What was said of each node that was refused."""
    for node, said in sorted((decision or {}).get("nodes", {}).items()):
        yield f"  node {node}: {', '.join(said['reasons'])}" + (f" ({said['plugin']})" if said["plugin"] else "")


def _containers(pod: Object) -> Iterator[str]:
    status = pod.get("status", {})
    for sort, prefix in (("initContainerStatuses", "Init container"), ("containerStatuses", "Container")):
        for container in status.get(sort) or ():
            yield from _container(prefix, container)


def _container(prefix: str, container: Object) -> Iterator[str]:
    name = f"{prefix} {container['name']}"
    state = container.get("state") or {}
    last = (container.get("lastState") or {}).get("terminated")
    if waiting := state.get("waiting"):
        reason, message = waiting.get("reason", ""), waiting.get("message", "")
        if reason in _IMAGE:
            yield f"{name} has no image: {container['image']} cannot be had ({reason}). {message}".rstrip()
        elif reason == "CrashLoopBackOff":
            yield f"{name} crashes: it has been started {container.get('restartCount', 0)} times again. {message}".rstrip()
        elif reason:
            yield f"{name} waits: {reason}. {message}".rstrip()
    elif ended := state.get("terminated"):
        yield f"{name} has ended: {_ending(ended)}."
    elif "running" in state and not container.get("ready"):
        yield f"{name} runs and is not ready: its readiness probe does not succeed yet, or its pod waits for a gate."
    if last:
        yield f"  Before that it ended: {_ending(last)}."


def _ending(ended: Object) -> str:
    words = f"exit code {ended.get('exitCode')}"
    if ended.get("signal"):
        words += f", signal {ended['signal']}"
    if ended.get("reason") == "OOMKilled":
        words += ", as it took more memory than its limit"
    elif ended.get("reason") not in (None, "Completed", "Error"):
        words += f" ({ended['reason']})"
    if text := " ".join((ended.get("message") or "").split()):
        words += f"; its last words: {text[-200:]}"
    return words


def _events(session: Session, pod: Object) -> Iterator[str]:
    selector = f"involvedObject.uid={pod['metadata']['uid']},type=Warning"
    path = f"/api/v1/namespaces/{pod['metadata'].get('namespace', 'default')}/events"
    found = session.api.get(path, {"fieldSelector": selector})["items"]
    for event in sorted(found, key=lambda event: event.get("lastTimestamp") or "")[-_MOST_EVENTS:]:
        times = f" ({event['count']} times)" if (event.get("count") or 1) > 1 else ""
        yield f"Warning {event['reason']}: {event['message']}{times}"


def _condition(pod: Object, sort: str) -> Object:
    conditions = pod.get("status", {}).get("conditions") or ()
    found: Object = next((each for each in conditions if each["type"] == sort), {})
    return found
