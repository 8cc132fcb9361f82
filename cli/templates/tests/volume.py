"""What sampan expects of every driver, and pods with such a volume: of their own, and by a claim."""

import ferry
import pytest

from sampan.core.testing.csi_contract import CsiContract
from sampan.plugin import Pod

DRIVER = "ferry.example.com"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "kept"},
    "spec": {
        "storageClassName": "ferry-class",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
    },
}
CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "ferry-class"},
    "provisioner": DRIVER,
    "parameters": {"greeting": "hello"},
}


class TestFerry(CsiContract):
    def make(self, settings):
        return ferry.Ferry(settings)

    def attributes(self):
        return {"greeting": "hello"}


def pod(**source):
    container = {"name": "web", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
    spec = {"containers": [container], "volumes": [{"name": "v", **source}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


@pytest.mark.sampan(plugins=[ferry])
def test_a_pod_runs_with_a_volume_of_its_own(sampan_cluster):
    sampan_cluster.apply(pod(csi={"driver": DRIVER, "volumeAttributes": {"greeting": "hello"}}))
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")


@pytest.mark.sampan(plugins=[ferry])
def test_a_pod_runs_with_a_claim(sampan_cluster):
    sampan_cluster.apply([CLASS, CLAIM, pod(persistentVolumeClaim={"claimName": "kept"})])
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
