"""The driver by itself, and a pod that has such a volume."""

import ferry
import pytest

from sampan.plugin import Pod, VolumeContext, from_wire

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {
        "containers": [{"name": "web", "image": "nginx", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
        "volumes": [{"name": "v", "flexVolume": {"driver": "example.com/ferry", "options": {"greeting": "hello"}}}],
    },
}


def test_the_volume_holds_its_options(tmp_path):
    pod = from_wire(Pod, POD)
    context = VolumeContext(pod=pod, volume=pod.spec.volumes[0], directory=tmp_path / "v", get=lambda *_: None)
    driver = ferry.Ferry()
    published = driver.publish(context)
    assert (published.host_path / "greeting").read_text() == "hello"
    assert driver.publish(context) == published, "again, it is the same"
    driver.unpublish(context.directory)
    assert not context.directory.exists()


@pytest.mark.sampan(plugins=[ferry])
def test_a_pod_runs_with_it(sampan_cluster):
    sampan_cluster.apply(POD)
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
