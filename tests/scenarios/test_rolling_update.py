"""Another image, pod by pod, and nobody who asks meanwhile is turned away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import http
from tests.support.client import KeenClient
from tests.support.images import Images, Program
from tests.support.kubectl import Kubectl
from tests.support.manifests import replicated, service
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("network")


def web_deployment(program: Program, replicas: int = 3) -> dict[str, Any]:
    """Ready once it answers; an ending pod still answers those that were on their way to it."""
    ready = {"tcpSocket": {"port": program.port}, "periodSeconds": 1}
    linger = {"preStop": {"sleep": {"seconds": 1}}}
    container = program.container("web", readinessProbe=ready, lifecycle=linger)
    pod = {"terminationGracePeriodSeconds": 10}
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    return replicated("Deployment", "web", replicas, container, pod=pod, strategy=strategy)


def deploy(kubectl: Kubectl, images: Images) -> str:
    """Version 1 behind a Service; its address."""
    kubectl.apply(web_deployment(images.web), service("web", 80, target=images.web.port))
    kubectl("rollout status deployment/web --timeout=60s")
    return f"http://{kubectl('get svc web --template={{.spec.clusterIP}}')}/"


def update(kubectl: Kubectl, images: Images) -> None:
    """To version 2: only the image where that says it all."""
    if images.web_v2.command:
        kubectl.apply(web_deployment(images.web_v2))
    else:
        kubectl(f"set image deployment/web web={images.web_v2.image}")


def test_no_request_fails_while_the_image_changes(kubectl: Kubectl, images: Images) -> None:
    url = deploy(kubectl, images)
    eventually(lambda: images.web.page in http.fetch(url), "version 1 answers", but=http.FAILURES)

    with KeenClient(url) as client:
        update(kubectl, images)
        assert "successfully rolled out" in kubectl("rollout status deployment/web --timeout=60s")
        eventually(lambda: client.has_seen(images.web_v2.page), "version 2 answers")
        eventually(lambda: len(kubectl("get pods -o name").split()) == 3, "the old pods have gone")

    assert client.failures == []
    assert client.has_seen(images.web.page), "the client began before the update"
    assert all(images.web_v2.page in http.fetch(url) for _ in range(6))


def test_a_rollout_is_recorded_and_undone(kubectl: Kubectl, images: Images) -> None:
    url = deploy(kubectl, images)
    update(kubectl, images)
    kubectl("rollout status deployment/web --timeout=60s")
    revisions = [line.split()[0] for line in kubectl("rollout history deployment/web").splitlines()[2:] if line]
    assert revisions == ["1", "2"]

    assert "rolled back" in kubectl("rollout undo deployment/web")

    kubectl("rollout status deployment/web --timeout=60s")
    eventually(lambda: images.web.page in http.fetch(url), "version 1 answers again", but=http.FAILURES)
    revisions = [line.split()[0] for line in kubectl("rollout history deployment/web").splitlines()[2:] if line]
    assert revisions == ["2", "3"]
    sizes = sorted(kubectl("get replicasets -o jsonpath={.items[*].spec.replicas}").split())
    assert sizes == ["0", "3"]


def test_an_image_that_is_not_there_stops_the_rollout_and_harms_nobody(kubectl: Kubectl, images: Images) -> None:
    url = deploy(kubectl, images)
    kubectl("set image deployment/web web=registry.invalid/none:1")

    states = "-o jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}"
    eventually(lambda: kubectl("get pods", *states.split(" ", 1)) in ("ErrImagePull", "ImagePullBackOff"))
    assert images.web.page in http.fetch(url)
    assert kubectl("get deployment web -o jsonpath={.status.readyReplicas}") == "3"

    kubectl("rollout undo deployment/web")
    kubectl("rollout status deployment/web --timeout=60s")


def test_recreate_ends_the_old_pods_first(kubectl: Kubectl, images: Images) -> None:
    manifest = web_deployment(images.web, replicas=1)
    manifest["spec"]["strategy"] = {"type": "Recreate"}
    kubectl.apply(manifest)
    kubectl("rollout status deployment/web --timeout=60s")
    old = kubectl("get pods -o name").strip()

    kubectl("rollout restart deployment/web")

    eventually(lambda: set(kubectl("get pods -o name").split()) - {old}, "another pod")
    # As with Kubernetes it may still be listed for a moment, once nothing of it runs any more.
    left = kubectl(f"get {old} --ignore-not-found -o jsonpath={{.status.phase}}")
    assert left in ("", "Succeeded", "Failed")
    kubectl("rollout status deployment/web --timeout=60s")
    kubectl(f"wait --for=delete {old} --timeout=30s")
