"""Volumes: what is in them outlives containers, comes from the host, and is shared within a pod."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.containers import kill_container, restarts
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("mounts")


def tell_redis(ip: str, command: str) -> str:
    """One inline command, and its answer in redis' own words."""
    with socket.create_connection((ip, 6379), timeout=5) as connection:
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(4096).decode()


def test_what_redis_wrote_outlives_its_container(kubectl: Kubectl, cluster: Cluster, images: Images) -> None:
    entries = {"name": "entries", "mountPath": "/data/redis"}
    container = images.redis.container("redis", volumeMounts=[entries])
    kubectl.apply(pod("redis", container, volumes=[{"name": "entries", "emptyDir": {}}]))
    kubectl("wait --for=condition=Ready pod/redis --timeout=30s")
    ip = kubectl("get pod redis -o jsonpath={.status.podIP}")
    said = eventually(lambda: tell_redis(ip, "SET greeting ahoy"), "redis answers", but=(OSError,))
    assert said == "+OK\r\n"

    kill_container(cluster, kubectl, "redis")
    eventually(lambda: restarts(kubectl, "redis") == 1, "the container was restarted")

    read = eventually(lambda: tell_redis(ip, "GET greeting"), "redis answers again", but=(OSError,))
    assert read == "$4\r\nahoy\r\n"


def claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}},
    }


def test_what_a_claim_holds_outlives_its_pods_and_goes_with_it(
    kubectl: Kubectl, cluster: Cluster, images: Images
) -> None:
    kubectl.apply(claim("log"))
    for day in ("monday", "tuesday"):
        script = f"echo {day} >>/log/days && cat /log/days && sleep 3600"
        mounts = [{"name": "log", "mountPath": "/log"}]
        writer = images.shell.container("writer", command=["sh", "-c", script], volumeMounts=mounts)
        volumes = [{"name": "log", "persistentVolumeClaim": {"claimName": "log"}}]
        kubectl.apply(pod(day, writer, volumes=volumes, terminationGracePeriodSeconds=1))
        kubectl(f"wait --for=condition=Ready pod/{day} --timeout=30s")
        eventually(lambda day=day: day in kubectl(f"logs {day}"), f"{day} is written")  # type: ignore[misc]
        if day == "monday":
            kubectl("delete pod monday --wait")
    assert kubectl("logs tuesday").split() == ["monday", "tuesday"]
    volume = kubectl("get pvc log -o jsonpath={.spec.volumeName}")
    folder = Path(kubectl(f"get pv {volume} -o jsonpath={{.spec.local.path}}"))
    assert (folder / "days").exists()

    kubectl("delete pvc log --wait=false")
    assert kubectl("get pvc log -o jsonpath={.status.phase}") == "Bound"  # a pod uses it
    kubectl("delete pod tuesday --wait")
    kubectl(f"wait --for=delete pvc/log pv/{volume} --timeout=30s")
    assert not folder.exists()


def test_a_claim_that_nothing_can_satisfy_keeps_its_pod_waiting_and_says_why(kubectl: Kubectl, images: Images) -> None:
    nowhere = claim("nowhere")
    nowhere["spec"]["storageClassName"] = ""
    kubectl.apply(nowhere)
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "nowhere"}}]
    kubectl.apply(pod("waits", images.shell.container("c", command=["sleep", "3600"]), volumes=volumes))
    said = "pod has unbound immediate PersistentVolumeClaims"
    condition = "{.status.conditions[?(@.type=='PodScheduled')].message}"
    eventually(lambda: said in kubectl(f'get pod waits -o jsonpath="{condition}"'), "the scheduler says why")
    events = "get events --field-selector involvedObject.name=nowhere -o jsonpath={.items[*].reason}"
    eventually(lambda: "FailedBinding" in kubectl(events), "the claim says why")


def test_a_pod_sees_and_changes_a_folder_of_the_host(kubectl: Kubectl, images: Images, tmp_path: Path) -> None:
    (tmp_path / "chart").write_text("here be dragons\n")
    tmp_path.chmod(0o777)
    script = "cat /charts/chart && echo found > /charts/answer"
    container = images.shell.container(
        "reader", command=["sh", "-c", script], volumeMounts=[{"name": "charts", "mountPath": "/charts"}]
    )
    charts = {"name": "charts", "hostPath": {"path": str(tmp_path), "type": "Directory"}}
    kubectl.apply(pod("reader", container, volumes=[charts], restartPolicy="Never"))

    kubectl("wait --for=jsonpath={.status.phase}=Succeeded pod/reader --timeout=30s")
    assert kubectl("logs reader") == "here be dragons\n"
    assert (tmp_path / "answer").read_text() == "found\n"


def test_a_host_folder_that_is_not_there_keeps_the_pod_waiting(
    kubectl: Kubectl, images: Images, tmp_path: Path
) -> None:
    container = images.shell.container(
        "reader", command=["ls", "/charts"], volumeMounts=[{"name": "charts", "mountPath": "/charts"}]
    )
    charts = {"name": "charts", "hostPath": {"path": str(tmp_path / "none"), "type": "Directory"}}
    kubectl.apply(pod("reader", container, volumes=[charts], restartPolicy="Never"))

    event = eventually(
        lambda: kubectl("get events --field-selector=reason=FailedMount -o jsonpath={.items[*].message}")
    )
    assert f"hostPath type check failed: {tmp_path / 'none'} is not a directory" in event
    assert "ContainerCreating" in kubectl("get pod reader")


def test_two_containers_share_a_folder_and_talk_over_localhost(kubectl: Kubectl, images: Images) -> None:
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    serve = "import http.server, os; os.chdir('/shared'); http.server.HTTPServer(('127.0.0.1', 8765),"
    serve += " http.server.SimpleHTTPRequestHandler).serve_forever()"
    ask = """
import time, urllib.request
open("/shared/page", "w").write("written next door")
while True:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        print(opener.open("http://localhost:8765/page").read().decode())
        break
    except OSError:
        time.sleep(0.1)
time.sleep(3600)
"""
    server = images.python.container("server", command=["python3", "-c", serve], volumeMounts=mounts)
    client = images.python.container("client", command=["python3", "-uc", ask], volumeMounts=mounts)
    kubectl.apply(pod("pair", server, client, volumes=[{"name": "shared", "emptyDir": {}}]))

    kubectl("wait --for=condition=Ready pod/pair --timeout=30s")
    eventually(lambda: kubectl("logs pair -c client") == "written next door\n", "the client has read the page")
