"""Helm 4 as its users have it: a chart is installed, upgraded, rolled back and taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.helm import Helm
from tests.support.images import Images
from tests.support.kubectl import Kubectl
from tests.support.wait import eventually

pytestmark = [
    pytest.mark.needs("network"),  # the chart's probes ask for a page
    pytest.mark.runtimes("docker", "process"),  # one engine will do: Helm asks the API
]


def test_a_chart_lives_and_goes(cluster: Cluster, kubectl: Kubectl, images: Images, tmp_path: Path) -> None:
    helm = Helm(cluster.kubeconfig, kubectl.namespace, tmp_path)
    helm.scaffold("web", images.web)
    values = "--values web/ours.json --wait --timeout 60s"

    assert "STATUS: deployed" in helm(f"install web web {values}")
    assert kubectl("get deployment web --template={{.status.readyReplicas}}") == "1"

    helm(f"upgrade web web {values} --set replicaCount=2 --set serviceAccount.create=false")
    assert kubectl("get deployment web --template={{.status.readyReplicas}}") == "2"
    assert "NotFound" in kubectl.reason_for("get serviceaccount web")  # what a chart no longer has goes

    kubectl("scale deployment web --replicas=3")
    refused = helm.run(f"upgrade web web {values} --set replicaCount=1")
    assert 'conflict with "kubectl" with subresource "scale"' in refused.output
    helm(f"upgrade web web {values} --set replicaCount=1 --force-conflicts")

    helm("rollback web 2 --force-conflicts")
    assert kubectl("get deployment web --template={{.spec.replicas}}") == "2"

    helm("uninstall web --wait")
    eventually(lambda: kubectl("get deployments,services,pods -o name") == "", "nothing of the chart is left")
