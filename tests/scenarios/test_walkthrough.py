"""The walkthrough of Kubernetes' founding description, word for word where it still can be.

On a runtime that has an engine's images the commands are the original ones; where the image is the host itself, the
program follows behind ``--``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import http
from tests.support.cluster import Cluster
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("processes")


def page(address: str) -> str:
    """Asks until somebody answers, as a person with a browser does."""
    return eventually(lambda: http.fetch(f"http://{address}/"), f"a page from {address}", but=http.FAILURES)


def test_a_context_is_set_up_by_hand(cluster: Cluster, tmp_path: Path) -> None:
    kubectl = cluster.kubectl()
    server = kubectl("config view --raw -o jsonpath={.clusters[0].cluster.server}")
    authority = kubectl("config view --raw -o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")
    token = kubectl("config view --raw -o jsonpath={.users[0].user.token}")
    mine = Kubectl(kubectl.program, tmp_path / "config")

    assert mine(f"config set-cluster boat --server={server}") == 'Cluster "boat" set.\n'
    mine(f"config set clusters.boat.certificate-authority-data {authority}")
    mine(f"config set-credentials captain --token={token}")
    assert mine("config set-context boat --cluster=boat --user=captain") == 'Context "boat" created.\n'
    assert mine("config use-context boat") == 'Switched to context "boat".\n'

    assert mine("config current-context") == "boat\n"
    assert " Ready " in mine("get nodes")


def test_the_node_is_ready(kubectl: Kubectl) -> None:
    heading, node = kubectl("get nodes").splitlines()
    assert heading.split() == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert node.split()[1] == "Ready"
    assert node.split()[-1].startswith("v1.36.")


@pytest.mark.needs("network")
def test_nginx_is_run_exposed_and_asked(kubectl: Kubectl, images: Images) -> None:
    web = images.web
    assert kubectl(f"run nginx --image={web.image} --port={web.port}", *web.words()) == "pod/nginx created\n"
    kubectl("expose pod nginx --name=pod-nginx")
    kubectl(f"create deployment nginx --image={web.image} --port={web.port}", *web.words())
    assert kubectl(f"expose deployment nginx --port=80 --target-port={web.port}") == "service/nginx exposed\n"

    ip = kubectl("get svc nginx --template={{.spec.clusterIP}}")
    assert web.page in page(ip)
    pod_service = kubectl("get svc pod-nginx --template={{.spec.clusterIP}}")
    assert web.page in page(f"{pod_service}:{web.port}")


def test_a_pod_comes_from_a_file_and_answers_on_its_own_address(
    kubectl: Kubectl, images: Images, tmp_path: Path
) -> None:
    command = f"command: {json.dumps(images.web.command)}" if images.web.command else ""
    file = tmp_path / "pod-nginx.yaml"
    file.write_text(f"""\
apiVersion: v1
kind: Pod
metadata:
  name: nginx
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: nginx
    image: {images.web.image}
    ports:
    - containerPort: {images.web.port}
    {command}
""")
    assert kubectl(f"create -f {file}") == "pod/nginx created\n"
    kubectl("wait --for=condition=Ready pod/nginx --timeout=30s")

    heading, pod = kubectl("get pods").splitlines()
    assert heading.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert pod.split()[:4] == ["nginx", "1/1", "Running", "0"]
    ip = kubectl("get pod nginx -o go-template={{.status.podIP}}")
    assert images.web.page in page(f"{ip}:{images.web.port}")
