"""One stable address for the pods that a selector names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import http
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.manifests import pod, replicated, service
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("network")

WHO = """
import http.server, signal, socket, sys

class Who(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = socket.gethostname().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8080), Who).serve_forever()
"""
READY = {"tcpSocket": {"port": 8080}, "periodSeconds": 1}


def who(images: Images, **more: Any) -> dict[str, Any]:
    """Answers with its pod's name."""
    command = ["python3", "-uc", WHO]
    return images.python.container(
        "who", command=command, ports=[{"name": "web", "containerPort": 8080}], readinessProbe=READY, **more
    )


def address(kubectl: Kubectl, name: str = "who") -> str:
    return kubectl(f"get svc {name} --template={{{{.spec.clusterIP}}}}")


def pods(kubectl: Kubectl) -> set[str]:
    return set(kubectl("get pods -l app=who -o jsonpath={.items[*].metadata.name}").split())


def answers(url: str, count: int) -> list[str]:
    return [http.fetch(url) for _ in range(count)]


def test_the_address_leads_to_every_pod_alike_and_follows_scaling(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(replicated("Deployment", "who", 2, who(images)), service("who", 80, target=8080))
    kubectl("rollout status deployment/who --timeout=60s")
    url = f"http://{address(kubectl)}/"
    eventually(lambda: set(answers(url, 4)) == pods(kubectl), "both pods answer", but=http.FAILURES)
    said = answers(url, 40)
    assert min(said.count(name) for name in pods(kubectl)) >= 8, "the kernel takes them by chance"

    kubectl("scale deployment who --replicas=3")
    kubectl("rollout status deployment/who --timeout=60s")
    eventually(lambda: set(answers(url, 6)) == pods(kubectl), "three pods answer", but=http.FAILURES)

    kubectl("scale deployment who --replicas=1")
    eventually(lambda: len(pods(kubectl)) == 1, "one pod is left")
    eventually(lambda: set(answers(url, 4)) == pods(kubectl), "the one that is left answers", but=http.FAILURES)


def test_other_pods_reach_the_address_by_their_environment(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(service("who", 80, target=8080))
    kubectl.apply(pod("who", who(images)))
    kubectl("wait --for=condition=Ready pod/who --timeout=30s")
    ask = """
import os, time, urllib.request
url = "http://%s:%s/" % (os.environ["WHO_SERVICE_HOST"], os.environ["WHO_SERVICE_PORT"])
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for _ in range(100):
    try:
        print(opener.open(url, timeout=5).read().decode())
        break
    except OSError:
        time.sleep(0.1)
"""
    guest = images.python.container("guest", command=["python3", "-c", ask])
    kubectl.apply(pod("guest", guest, restartPolicy="Never"))
    kubectl("wait --for=jsonpath={.status.phase}=Succeeded pod/guest --timeout=40s")
    assert kubectl("logs guest") == "who\n"


def test_a_port_may_be_called_by_its_name(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(pod("who", who(images)))
    kubectl("expose pod who --name=named --port=81 --target-port=web")
    kubectl("wait --for=condition=Ready pod/who --timeout=30s")
    url = f"http://{address(kubectl, 'named')}:81/"
    assert eventually(lambda: http.fetch(url), "an answer by the port's name", but=http.FAILURES) == "who"


def test_only_ready_pods_are_asked_and_without_any_one_is_refused(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(service("who", 80, target=8080))
    url = f"http://{address(kubectl)}/"

    def refused() -> bool:
        with pytest.raises(OSError, match="refused"):
            http.fetch(url)
        return True

    eventually(refused, "nobody is there yet", but=(pytest.fail.Exception,))

    unready = {"exec": {"command": ["test", "-e", "/tmp/open"]}, "periodSeconds": 1}
    kubectl.apply(pod("who", who(images) | {"readinessProbe": unready}))
    kubectl("wait --for=jsonpath={.status.phase}=Running pod/who --timeout=30s")
    assert refused()
    assert kubectl("get endpoints who -o jsonpath={.subsets[0].notReadyAddresses[0].targetRef.name}") == "who"

    kubectl("exec who -- touch /tmp/open")
    assert eventually(lambda: http.fetch(url), "it answers once it is ready", but=http.FAILURES) == "who"
    ip = kubectl("get pod who -o jsonpath={.status.podIP}")
    assert kubectl("get endpoints who -o jsonpath={.subsets[0].addresses[0].ip}") == ip
    slices = kubectl.json("get endpointslices -l kubernetes.io/service-name=who")["items"]
    assert [one["endpoints"][0]["addresses"] for one in slices] == [[ip]]

    kubectl("delete pod who")
    eventually(refused, "refused again", but=(pytest.fail.Exception, OSError))


def test_a_headless_service_has_endpoints_and_no_address(kubectl: Kubectl, images: Images) -> None:
    manifest = service("who", 8080)
    manifest["spec"]["clusterIP"] = "None"
    kubectl.apply(manifest, pod("who", who(images)))
    kubectl("wait --for=condition=Ready pod/who --timeout=30s")
    assert address(kubectl) == "None"
    ip = kubectl("get pod who -o jsonpath={.status.podIP}")
    eventually(lambda: kubectl("get endpoints who -o jsonpath={.subsets[0].addresses[0].ip}") == ip)
