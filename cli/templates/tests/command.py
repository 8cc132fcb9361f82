"""The command asks a cluster of the test's own."""

import ferry
from click.testing import CliRunner

from sampan.plugin import Pod


def test_pods_are_counted(sampan_cluster):
    sampan_cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        }
    )
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.spec.node_name)
    result = CliRunner().invoke(ferry.ferry, ["--kubeconfig", str(sampan_cluster.kubeconfig)])
    assert result.output == "node: 1\n"
