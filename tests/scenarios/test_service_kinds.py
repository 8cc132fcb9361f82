"""Services of every kind, from the host and from pods: load balancer, node port, outside endpoints, affinity, UDP."""

from __future__ import annotations

import json
import socket
import urllib.error
from functools import partial
from typing import Any

import pytest

from tests.support.http import FAILURES, fetch
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, pod
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("network")

SERVER = """
import http.server, socket, socketserver, sys, threading

class Tell(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{sys.argv[1]} {self.client_address[0]}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(sys.argv[1].encode(), self.client_address)

threading.Thread(target=socketserver.UDPServer(("", 9000), Echo).serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("", 9000), Tell).serve_forever()
"""
ASK = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=5).read().decode())"


def server(images: Images, name: str) -> Manifest:
    command = ["python3", "-u", "-c", SERVER, name]
    ready = {"tcpSocket": {"port": 9000}, "periodSeconds": 1}
    return pod(name, images.python.container("c", command=command, readinessProbe=ready), labels={"app": "told"})


def a_service(name: str, *, protocol: str = "TCP", **spec: Any) -> Manifest:
    ports = [{"port": 9000, "protocol": protocol}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": "told"}, "ports": ports, **spec}}  # fmt: skip


def spec_of(kubectl: Kubectl, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kubectl(f"get service {name} -o json"))
    return found


def answers(url: str) -> str:
    try:
        return fetch(url)
    except FAILURES:
        return ""


def ask_udp(address: str, port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        client.sendto(b"?", (address, port))
        try:
            return client.recv(100).decode()
        except TimeoutError:
            return ""


def test_every_kind_of_service_leads_to_its_pods(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(
        server(images, "one"), server(images, "two"),
        a_service("plain"), a_service("sticky", sessionAffinity="ClientIP"),
        a_service("open", type="LoadBalancer"), a_service("datagrams", protocol="UDP"),
    )  # fmt: skip
    kubectl("wait --for=condition=Ready pod/one pod/two --timeout=60s")
    plain, sticky, datagrams = (
        spec_of(kubectl, name)["spec"]["clusterIP"] for name in ("plain", "sticky", "datagrams")
    )
    both = {"one", "two"}
    eventually(lambda: {answers(f"http://{plain}:9000").split()[0] for _ in range(4)} == both, "both answer in turn",
               but=(IndexError,))  # fmt: skip
    eventually(lambda: {ask_udp(datagrams, 9000) for _ in range(6)} == both, "over UDP as well")
    assert len({answers(f"http://{sticky}:9000").split()[0] for _ in range(4)}) == 1

    opened = eventually(lambda: spec_of(kubectl, "open")["status"]["loadBalancer"].get("ingress"), "it has an address")
    node_port = spec_of(kubectl, "open")["spec"]["ports"][0]["nodePort"]
    for place in (
        f"{opened[0]['ip']}:9000",
        "127.0.0.1:9000",
        f"127.0.0.1:{node_port}",
        f"{opened[0]['ip']}:{node_port}",
    ):
        eventually(partial(answers, f"http://{place}"), f"it answers at {place}")

    address = kubectl("get pod one -o jsonpath={.status.podIP}")
    for client in ("one", "two"):  # also where a pod is led to itself
        for _ in range(2):
            assert kubectl("exec", client, "--", "python3", "-c", ASK, f"http://{plain}:9000")
    eventually(
        lambda: kubectl("exec", "one", "--", "python3", "-c", ASK, f"http://{plain}:9000").strip() == f"two {address}",
        "a server sees who asks",
    )

    kubectl("patch service open -p", '{"spec":{"type":"ClusterIP"}}')
    eventually(lambda: not answers("http://127.0.0.1:9000"), "what is no longer wanted is closed", within=5)


def test_what_a_node_and_a_service_say_of_their_pods(kubectl: Kubectl, images: Images) -> None:
    never = {"exec": {"command": ["false"]}, "periodSeconds": 1}
    late = images.python.container("c", command=["python3", "-u", "-c", SERVER, "late"], readinessProbe=never)
    ports = [{"port": 9002, "targetPort": 9000}]
    at_once: dict[str, Any] = {"selector": {"app": "late"}, "ports": [{"port": 9000}]}
    kubectl.apply(
        server(images, "ready"), pod("late", late, labels={"app": "late"}),
        a_service("local", type="LoadBalancer", externalTrafficPolicy="Local", ports=ports),
        a_service("early", **at_once, publishNotReadyAddresses=True), a_service("patient", **at_once),
    )  # fmt: skip
    kubectl("wait --for=condition=Ready pod/ready --timeout=60s")
    address = kubectl("get pod ready -o jsonpath={.status.podIP}")
    eventually(lambda: ask_udp(address, 9000) == "ready", "the node speaks UDP with a pod itself")

    early, patient, local = (spec_of(kubectl, name)["spec"] for name in ("early", "patient", "local"))
    eventually(lambda: answers(f"http://{early['clusterIP']}:9000").startswith("late"), "it is not waited for")
    assert not answers(f"http://{patient['clusterIP']}:9000")

    health = f"http://127.0.0.1:{local['healthCheckNodePort']}/healthz"
    eventually(lambda: '"localEndpoints":1' in answers(health), "the node has a pod")
    kubectl("delete pod ready --now")
    eventually(lambda: not answers(health), "it has none any more")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        fetch(health)


def test_a_service_without_a_selector_leads_where_its_endpoints_say(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(server(images, "there"), {**a_service("outside"), "spec": {"ports": [{"port": 80, "name": "http"}]}})
    kubectl("wait --for=condition=Ready pod/there --timeout=60s")
    where = {"addresses": [{"ip": kubectl("get pod there -o jsonpath={.status.podIP}")}],
             "ports": [{"port": 9000, "name": "http"}]}  # fmt: skip
    kubectl.apply({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "outside"}, "subsets": [where]})
    address = spec_of(kubectl, "outside")["spec"]["clusterIP"]
    eventually(lambda: answers(f"http://{address}").startswith("there"), "it answers")
    kubectl("delete endpoints outside")
    eventually(lambda: not answers(f"http://{address}"), "nobody is there any more", within=5)
