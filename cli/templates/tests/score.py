"""The plugin at work in a cluster of the test's own."""

import ferry
import pytest

from sampan.plugin import Node, Pod


@pytest.mark.sampan(plugins=[ferry], nodes=2)
def test_only_ferries_are_taken(sampan_cluster):
    sampan_cluster.patch(Node, "", "node-2", {"metadata": {"labels": {"ferry": "yes"}}})
    sampan_cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "labels": {"ferry": "only"}},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        }
    )
    pod = sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.spec.node_name)
    assert pod.spec.node_name == "node-2"
