"""What is refused is told to whoever asked."""

import ferry
import pytest

from sampan.plugin import Forbidden


def pod(image):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }


@pytest.mark.sampan(plugins=[ferry])
def test_latest_is_refused(sampan_plane):
    with pytest.raises(Forbidden, match="has no tag that stays the same"):
        sampan_plane.apply(pod("nginx"))
    sampan_plane.apply(pod("registry.example.com:5000/nginx:1.29"))
