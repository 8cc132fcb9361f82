"""``sampan logs``: what containers write, of one pod, of all pods of an object, or of those with a label."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import click

from sampan.cli.completion import complete_pod
from sampan.cli.durations import Duration
from sampan.cli.failures import each, sentence
from sampan.cli.pods import container_names, container_of, pods_of
from sampan.cli.session import Session, with_session
from sampan.core.classes import frozen
from sampan.core.errors import ConfigError, NotFound, SampanError


@frozen
class _Source:
    pod: str
    namespace: str
    container: str

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}/log"


@click.command()
@click.argument("word", metavar="POD | TYPE/NAME", shell_complete=complete_pod, default="")
@click.argument("container_word", metavar="[CONTAINER]", default="")
@click.option("-f", "--follow", is_flag=True, help="Go on until the container ends.")
@click.option("-c", "--container", default="", help="Which container.")
@click.option("-p", "--previous", is_flag=True, help="Of the container's last run.")
@click.option("-l", "--selector", default="", help="Of pods with these labels.")
@click.option("--tail", type=int, default=-1, help="Only the last lines.")
@click.option("--since", type=Duration(), default=0.0, help="Only newer than this, such as 5m.")
@click.option("--since-time", default="", help="Only after this time (RFC 3339).")
@click.option("--limit-bytes", type=int, default=0, help="At most so much.")
@click.option("--timestamps", is_flag=True, help="Each line with its time.")
@click.option("--all-containers", is_flag=True, help="Of every container.")
@click.option("--all-pods", is_flag=True, help="Of every pod of the object.")
@click.option("--prefix", is_flag=True, help="Each line with where it comes from.")
@click.option("--ignore-errors", is_flag=True, help="Go on when one container has no logs.")
@with_session
def logs(
    session: Session,
    word: str,
    container_word: str,
    follow: bool,
    container: str,
    previous: bool,
    selector: str,
    tail: int,
    since: float,
    since_time: str,
    limit_bytes: int,
    timestamps: bool,
    all_containers: bool,
    all_pods: bool,
    prefix: bool,
    ignore_errors: bool,
) -> None:
    """Print what containers write: `logs web`, `logs -f deploy/web -c app`."""
    if bool(word) == bool(selector):
        raise ConfigError("POD or TYPE/NAME is a required argument for the logs command, or a selector with -l")
    if since and since_time:
        raise ConfigError("only one of since-time / since may be used")
    if selector and tail == -1:
        tail = 10
    query: dict[str, str | int | None] = {
        "follow": "true" if follow else None,
        "previous": "true" if previous else None,
        "timestamps": "true" if timestamps else None,
        "tailLines": tail if tail >= 0 else None,
        "sinceSeconds": max(1, int(since)) if since else None,
        "sinceTime": since_time,
        "limitBytes": limit_bytes or None,
    }
    pods = _pods(session, word, selector)
    pods = pods if all_pods or selector else pods[:1]
    sources = [source for pod in pods for source in _sources(pod, container or container_word, all_containers)]
    show = _printer(prefix or all_pods)

    def copy(source: _Source) -> None:
        try:
            for line in session.api.stream(source.path, {**query, "container": source.container}):
                show(source, line)
        except SampanError as exc:
            if not ignore_errors:
                raise
            click.echo(sentence(exc), err=True)

    if follow and len(sources) > 1:
        _follow_all(sources, copy)
    else:
        each(sources, copy)


def _pods(session: Session, word: str, selector: str) -> list[dict[str, Any]]:
    if selector:
        path = f"/api/v1/namespaces/{session.namespace}/pods"
        found: list[dict[str, Any]] = session.api.get(path, {"labelSelector": selector})["items"]
        if not found:
            click.echo(f"No resources found in {session.namespace} namespace.", err=True)
        return found
    try:
        return pods_of(session, word)
    except NotFound as exc:
        raise ConfigError(f'error from server (NotFound): {exc} in namespace "{session.namespace}"') from exc


def _sources(pod: dict[str, Any], container: str, all_containers: bool) -> list[_Source]:
    names = container_names(pod, init_too=True) if all_containers else [container_of(pod, container)]
    metadata = pod["metadata"]
    return [_Source(metadata["name"], metadata["namespace"], name) for name in names]


def _printer(prefix: bool) -> Callable[[_Source, bytes], None]:
    """Prints whole lines, at once, from any thread."""
    lock = threading.Lock()

    def show(source: _Source, line: bytes) -> None:
        start = f"[pod/{source.pod}/{source.container}] ".encode() if prefix else b""
        with lock:
            click.echo(start + line, nl=False)
            sys.stdout.flush()

    return show


def _follow_all(sources: list[_Source], copy: Callable[[_Source], None]) -> None:
    """Several at a time, each in a thread of its own, until all have ended."""
    failures: list[SampanError] = []

    def follow(source: _Source) -> None:
        try:
            copy(source)
        except SampanError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=follow, args=(source,), daemon=True) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def fail(failure: SampanError) -> None:
        raise failure

    each(failures, fail)
