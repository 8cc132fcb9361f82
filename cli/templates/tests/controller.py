"""A copy is made, follows its original, and goes with it."""

import ferry
import pytest

from sampan.plugin import ConfigMap

SETTINGS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "labels": {"ferry": "copy"}},
    "data": {"colour": "red"},
}


@pytest.mark.sampan(plugins=[ferry])
def test_a_copy_follows_its_original(sampan_plane):
    sampan_plane.apply(SETTINGS)
    sampan_plane.wait_for(ConfigMap, "default", "settings-copy", lambda copy: copy.data["colour"] == "red")
    sampan_plane.apply({**SETTINGS, "data": {"colour": "blue"}})
    sampan_plane.wait_for(ConfigMap, "default", "settings-copy", lambda copy: copy.data["colour"] == "blue")
    sampan_plane.delete(ConfigMap, "default", "settings")
    sampan_plane.wait_gone(ConfigMap, "default", "settings-copy")
