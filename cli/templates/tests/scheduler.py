"""The scheduler places the pods that ask for it."""

import ferry
import pytest

from sampan.plugin import Pod


@pytest.mark.sampan(plugins=[ferry], nodes=2)
def test_the_first_node_is_taken(sampan_cluster):
    sampan_cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"schedulerName": "ferry", "containers": [{"name": "web", "image": "nginx"}]},
        }
    )
    pod = sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    assert pod.spec.node_name == "node"
