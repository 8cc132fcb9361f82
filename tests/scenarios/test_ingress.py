"""Ingresses as people use them: a name leads to pods over HTTP and HTTPS, while pods and sampan come and go."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sampan.core.contracts.runtime import Capabilities
from sampan.plugins.ingress.program import find_caddy
from tests.support.cluster import Cluster, free_port
from tests.support.helm import Helm
from tests.support.images import images_for, load_images
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest
from tests.support.needs import needs
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.runtimes("docker", "process"),  # one engine will do: the router asks Services
    pytest.mark.needs("network"),
    needs(find_caddy() is not None, "there is no caddy"),
]
HOST = "web.example"


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
def served(runtime: str, tmp_path: Path, capabilities: Capabilities, ports: tuple[int, int]) -> Iterator[Cluster]:
    """A cluster of the story's own that serves Ingresses."""
    options = ("--ingress", "caddy", "--ingress-port", str(ports[0]), "--ingress-tls-port", str(ports[1]))
    cluster = Cluster(runtime, tmp_path / "cluster", options)
    try:
        cluster.up()
        load_images(cluster, capabilities, ("nginx",))
        yield cluster
    finally:
        cluster.down()


def ingress(name: str, host: str, service: str, port: int, **spec: object) -> Manifest:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": port}}}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name},
            "spec": {"rules": [{"host": host, "http": {"paths": [path]}}], **spec}}  # fmt: skip


def ask(url: str, host: str, verify: ssl.SSLContext | bool = True) -> tuple[int, str]:
    """Status and page of what ``url`` answers for ``host``."""
    with httpx.Client(trust_env=False, verify=verify, timeout=5) as client:
        answer = client.get(url, headers={"Host": host}, extensions={"sni_hostname": host})
    return answer.status_code, answer.text


def test_a_host_leads_to_pods_over_http_and_https_whatever_comes_and_goes(
    served: Cluster, capabilities: Capabilities, ports: tuple[int, int], tmp_path: Path
) -> None:
    images = images_for(served.runtime, capabilities)
    web = images.web
    kubectl = served.kubectl("default")
    helm = Helm(served.kubeconfig, "default", tmp_path)
    helm.scaffold("web", web)
    (tmp_path / "web" / "in.yaml").write_text(
        json.dumps({"ingress": {"enabled": True, "className": "sampan", "hosts": [
            {"host": HOST, "paths": [{"path": "/", "pathType": "ImplementationSpecific"}]}]}})
    )  # fmt: skip
    helm("install web web --values web/ours.json --values web/in.yaml --wait --timeout 60s")
    kubectl.apply(ingress("wrong", "wrong.example", "nobody", 80))
    plain, encrypted = (f"{scheme}://127.0.0.1:{port}" for scheme, port in zip(("http", "https"), ports, strict=True))

    def page(address: str = plain) -> bool:
        status, text = ask(address, HOST)
        return status == 200 and web.page in text

    eventually(page, "the chart's Ingress leads to its pod", but=(httpx.HTTPError,))
    trusted = ssl.create_default_context(cafile=str(served.data_dir / "pki" / "ca.crt"))
    assert web.page in ask(encrypted, HOST, trusted)[1]
    assert ask(plain, "other.example")[0] == 404
    assert web.page in ask(plain, f"web.default.svc.{served.name}.localhost")[1], "a Service by its own name"

    (address,) = eventually(
        lambda: json.loads(kubectl("get ingress web -o json"))["status"]["loadBalancer"].get("ingress"),
        "it has an address",
    )
    assert [each["port"] for each in address["ports"]] == list(ports)
    outside = f"http://{address['ip']}:{ports[0]}"
    assert page(outside), "it answers at that address, too"
    assert ask(outside, f"web.default.svc.{served.name}.localhost")[0] == 404, "which is no way in to Services"
    events = eventually(lambda: _warnings(kubectl, "wrong"), "what is wrong is told")
    assert events == "BackendNotFound: there is no Service 'nobody' in the namespace 'default'"
    assert ask(plain, "wrong.example")[0] == 503

    kubectl("delete pod -l app.kubernetes.io/name=web")  # and wait: the page below is another one's
    eventually(page, "another pod takes its place", but=(httpx.HTTPError,))
    served.kill()
    assert page(), "it goes on while sampan is not there"
    served.up()
    eventually(page, "the next start has the same ports", but=(httpx.HTTPError,))
    helm("uninstall web --wait")
    eventually(lambda: ask(plain, HOST)[0] == 404, "nothing leads there any more", but=(httpx.HTTPError,))
    served.stop()
    with pytest.raises(httpx.ConnectError):
        ask(plain, HOST)


def _warnings(kubectl: Kubectl, name: str) -> str:
    template = "{{range .items}}{{.reason}}: {{.message}}{{end}}"
    return kubectl("get events --field-selector", f"involvedObject.name={name},type=Warning", f"--template={template}")
