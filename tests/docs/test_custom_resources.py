"""The page on custom resources: what it shows can be done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from sampan.core.errors import Invalid
from sampan.core.model.builtin import CustomResourceDefinition
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import unstructured
from sampan.core.testing.control_plane import control_plane
from sampan.core.testing.wait import soon

PAGE = Path(__file__).parents[2] / "docs" / "custom-resources.md"
Boat = unstructured("example.com/v1", "Boat", "boats")

pytestmark = pytest.mark.anyio


def manifest() -> dict[str, Any]:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    loaded: dict[str, Any] = yaml.safe_load(found[1])
    return loaded


async def test_the_definition_on_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    async with control_plane(tmp_path, controllers=True) as plane:
        http = plane.http_client()
        await http.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", manifest())

        async def established() -> bool:
            found = await http.get(CustomResourceDefinition, "", "boats.example.com")
            return any(each.type == "Established" and each.status == "True" for each in found.status.conditions)

        await soon(established)
        made = await http.create(
            Boat(metadata=ObjectMeta(name="ida", namespace="default"), content={"spec": {"masts": 2}})
        )
        assert made.spec == {"masts": 2, "rig": "sloop"}
        with pytest.raises(Invalid, match="masts do not go away"):
            await http.patch(Boat, "default", "ida", {"spec": {"masts": 1}})
