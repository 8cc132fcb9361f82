"""Each pod that a node takes on is written down."""

from pathlib import Path

import ferry
import pytest

from sampan.plugin import Pod


@pytest.mark.sampan(plugins=[ferry], settings={"ferry": {"file": "seen.log"}})
def test_pods_are_written_down(sampan_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sampan_cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]},
        }
    )
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    sampan_cluster.plugins.close()
    assert Path("seen.log").read_text() == "default/web on node\n"
