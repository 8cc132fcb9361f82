"""``sampan port-forward``: ports of this machine that lead into pods, whichever are there at the moment."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import click

from sampan.cli.api import Api
from sampan.cli.pods import pods_of
from sampan.cli.session import Session, with_session
from sampan.core.errors import ConfigError

_PORT = re.compile(r"(?:(\d*):)?([A-Za-z0-9-]+)")


@click.command("port-forward")
@click.argument("word", metavar="TYPE/NAME | POD")
@click.argument("ports", nargs=-1, metavar="[LOCAL:]PORT…")
@click.option("--address", default="127.0.0.1", show_default=True, help="Address to listen on.")
@with_session
def port_forward(session: Session, word: str, ports: Sequence[str], address: str) -> None:
    """Have ports of this machine lead into a pod: `port-forward svc/web 8080:80`.

    Each connection goes to a pod that is ready then, so a Service or a Deployment is followed when its pods are replaced.
    LOCAL may be left empty for any free port. It goes on until Ctrl-C.
    """
    from sampan.cli.forwarding import listen, serve

    if not ports:
        raise ConfigError("TYPE/NAME and list of ports are required for port-forward")
    one_at_a_time = threading.Lock()

    def way_to(remote: str) -> Callable[[], str]:
        def way() -> str:
            with one_at_a_time:  # the session has one connection
                return way_into(session, word, remote)

        return way

    with ExitStack() as open_ones:
        for local, remote in map(_wanted, ports):
            way = way_to(remote)
            way()  # what is wrong is said before anything listens
            listener = open_ones.enter_context(listen(address, int(remote) if local is None else local))
            click.echo(f"Forwarding from {address}:{listener.getsockname()[1]} -> {remote}")
            arguments = (listener, lambda: Api(session.api.connection), way, _tell)
            threading.Thread(target=serve, args=arguments, daemon=True).start()
        threading.Event().wait()


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _wanted(text: str) -> tuple[int | None, str]:
    """The local port (0: any), ``None`` where it is to be the same, and the remote one. Raises `ConfigError`."""
    found = _PORT.fullmatch(text)
    if found is None or (found[1] is None and not found[2].isdecimal()):
        raise ConfigError(f"{text!r} names no port: write PORT, LOCAL:PORT or :PORT")
    for number in found.groups():
        if number and number.isdecimal() and not 0 < int(number) < 65_536:
            raise ConfigError(f"{number} is no port: they go from 1 to 65535")
    return None if found[1] is None else int(found[1] or 0), found[2]


def way_into(session: Session, word: str, port: str) -> str:
    """Where a connection goes now. Raises `NotFound`, or `ConfigError` where no pod runs."""
    pod = pods_of(session, word)[0]
    metadata = pod["metadata"]
    phase = pod.get("status", {}).get("phase")
    if phase != "Running":
        raise ConfigError(f"unable to forward port because pod is not running. Current status={phase}")
    number = _target(session, word, port, pod)
    query = urlencode({"ports": number})
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/portforward?{query}"


def _target(session: Session, word: str, port: str, pod: Mapping[str, Any]) -> int:
    """A Service's port is another one in its pods; a name is a container's."""
    kind, _, name = word.partition("/")
    if name and session.resources.find(kind).kind == "Service":
        service = session.api.get(f"/api/v1/namespaces/{session.namespace}/services/{name}")
        there = service["spec"]["ports"]
        found = next((each for each in there if port in (str(each["port"]), each.get("name"))), None)
        if found is None:
            raise ConfigError(f"Service {name} does not have a service port {port}")
        port = str(found.get("targetPort") or found["port"])
    if port.isdecimal():
        return int(port)
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or []:
            if each.get("name") == port:
                return int(each["containerPort"])
    raise ConfigError(f"Pod {pod['metadata']['name']} does not have a named port {port!r}")
