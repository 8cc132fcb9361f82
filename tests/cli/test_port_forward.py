"""Ports of this machine that lead into pods: which pod and port that is, and what is refused before anything listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from sampan.cli.options import Choices
from sampan.cli.session import Session
from sampan.cli.verbs.port_forward import way_into
from tests.cli.api_server import Server, Shell

PODS = "/api/v1/namespaces/default/pods"
SERVICE = "/api/v1/namespaces/default/services/web"


def pod(name: str, *, ready: bool = True, ends: bool = False, phase: str = "Running") -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"} | ({"deletionTimestamp": "2030-01-01T00:00:00Z"} if ends else {})
    ports = [{"name": "http", "containerPort": 8080}]
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "c", "ports": ports}]},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def serves(server: Server, *pods: dict[str, Any], **port: Any) -> None:
    server.on("GET", SERVICE, {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "name": "web", **port}]}})
    server.on("GET", PODS, {"items": list(pods)})


@pytest.fixture
def session(shell: Shell) -> Iterator[Session]:
    """With the kubeconfig of ``shell``."""
    made = Session(Choices())
    yield made
    made.close()


def test_a_service_leads_to_a_pod_that_is_ready_and_stays(server: Server, session: Session) -> None:
    serves(server, pod("ending", ends=True), pod("not-yet", ready=False), pod("b"), targetPort="http")
    assert way_into(session, "svc/web", "80") == f"{PODS}/b/portforward?ports=8080"
    assert way_into(session, "service/web", "web") == f"{PODS}/b/portforward?ports=8080"


def test_a_pods_port_may_be_called_by_its_name(server: Server, session: Session) -> None:
    server.on("GET", f"{PODS}/a", pod("a"))
    assert way_into(session, "a", "http") == f"{PODS}/a/portforward?ports=8080"
    assert way_into(session, "pod/a", "9") == f"{PODS}/a/portforward?ports=9"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["svc/web"], "TYPE/NAME and list of ports are required for port-forward"),
        (["svc/web", "81"], "Service web does not have a service port 81"),
        (["svc/web", "http"], "'http' names no port: write PORT, LOCAL:PORT or :PORT"),
        (["svc/web", "1:2:3"], "'1:2:3' names no port"),
        (["svc/web", "70000:80"], "70000 is no port: they go from 1 to 65535"),
        (["pod/a", ":none"], "Pod a does not have a named port 'none'"),
        (["pod/done", "80"], "unable to forward port because pod is not running. Current status=Succeeded"),
        (["pod/nobody", "80"], "no answer for GET"),
    ],
)
def test_what_cannot_be_is_said_at_once(shell: Shell, server: Server, arguments: list[str], said: str) -> None:
    serves(server, pod("a"))
    server.on("GET", f"{PODS}/a", pod("a"))
    server.on("GET", f"{PODS}/done", pod("done", phase="Succeeded"))
    result = shell("port-forward", *arguments)
    assert result.code == 1
    assert said in result.err


def test_a_port_that_is_taken_is_said(shell: Shell, server: Server) -> None:
    server.on("GET", f"{PODS}/a", pod("a"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"unable to listen on 127.0.0.1:{port}" in shell("port-forward", "a", f"{port}:80").err
