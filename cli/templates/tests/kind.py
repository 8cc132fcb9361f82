"""Objects of the kind are stored with their defaults, checked, and read as objects of its class."""

import ferry
import pytest

from sampan.plugin import Invalid


def an_object(size):
    return {"apiVersion": "example.com/v1", "kind": "Ferry", "metadata": {"name": "a"}, "spec": {"size": size}}


@pytest.mark.sampan(plugins=[ferry])
def test_objects_have_defaults_and_are_checked(sampan_plane):
    sampan_plane.apply(an_object(7))
    assert sampan_plane.get(ferry.Ferry, "default", "a").spec == ferry.FerrySpec(size=7, colour="white")
    with pytest.raises(Invalid, match=r"spec\.size"):
        sampan_plane.apply(an_object(700))
