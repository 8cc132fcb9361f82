"""An outside plugin is installed from a folder and used: its kind is served, watched, explained and printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.client.http import HttpClient
from sampan.core.errors import Invalid
from sampan.core.model.core_v1.pod import Pod
from sampan.core.plugins import Plugins, load_plugins
from sampan.core.testing.control_plane import ControlPlane, control_plane

pytestmark = pytest.mark.anyio

BOATS = Path(__file__).parents[2] / "examples" / "boats"
PATH = "/apis/example.com/v1/namespaces/default/boats"
JUNK = {"apiVersion": "example.com/v1", "kind": "Boat", "metadata": {"name": "a"}, "spec": {"length": 7}}
AS_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder into which the plugin has been installed with pip, as an import path of this process."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "boats"
    shutil.copytree(BOATS, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("sampan_boats", None)


@pytest.fixture
def plugins(site: Path) -> Plugins:
    return load_plugins()


async def boat_of(http: HttpClient, body: dict[str, Any]) -> dict[str, Any]:
    created: dict[str, Any] = await http.request("POST", PATH, body)
    return created


def test_it_is_found_with_where_it_came_from(plugins: Plugins) -> None:
    assert ("boats", "sampan-boats: sampan_boats") in {(each.name, each.source) for each in plugins.loaded}


async def test_its_kind_is_created_with_defaults_and_checked(plugins: Plugins, tmp_path: Path) -> None:
    async with control_plane(tmp_path, plugins=plugins) as plane:
        http = plane.http_client()
        boat = await boat_of(http, JUNK)
        assert boat["spec"] == {"length": 7, "rig": "junk"}
        assert boat["metadata"]["generation"] == 1
        with pytest.raises(Invalid) as refused:
            await boat_of(http, {"metadata": {"name": "b"}, "spec": {"length": 0, "rig": "square", "crew": ["x", "x"]}})
        assert [(cause.field, cause.reason) for cause in refused.value.causes][:2] == [
            ("spec.length", "FieldValueInvalid"),
            ("spec.rig", "FieldValueNotSupported"),
        ]


async def test_its_kind_is_discovered_and_explained(plugins: Plugins, tmp_path: Path) -> None:
    async with control_plane(tmp_path, plugins=plugins) as plane:
        http = plane.http_client()
        resources = (await http.request("GET", "/apis/example.com/v1"))["resources"]
        assert {each["name"] for each in resources} == {"boats", "boats/status"}
        assert resources[0]["shortNames"] == ["bo"]
        document = await http.request("GET", "/openapi/v3/apis/example.com/v1")
        schema = next(each for name, each in document["components"]["schemas"].items() if name.endswith("BoatSpec"))
        assert schema["properties"]["length"]["description"] == "In metres."


async def test_its_kind_is_watched_and_printed(plugins: Plugins, tmp_path: Path) -> None:
    async with control_plane(tmp_path, plugins=plugins) as plane:
        http = plane.http_client()
        from sampan_boats import Boat  # type: ignore[import-not-found]  # installed by the fixture

        start = (await http.list(Boat)).resource_version
        async with http.watch(Boat, resource_version=start) as events:
            await boat_of(http, JUNK)
            event = await anext(aiter(events))
        assert (event.type, event.obj.spec.length) == ("ADDED", 7)
        table = await http.request("GET", PATH, accept=AS_TABLE)
        assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Length", "Rig"]
        assert table["rows"][0]["cells"] == ["a", 7, "junk"]


async def test_its_status_has_a_door_of_its_own(plugins: Plugins, tmp_path: Path) -> None:
    async with control_plane(tmp_path, plugins=plugins) as plane:
        http = plane.http_client()
        await boat_of(http, JUNK)
        patch = {"spec": {"length": 9}, "status": {"berth": "b3"}}
        merge = "application/merge-patch+json"
        boat = await http.request("PATCH", f"{PATH}/a/status", patch, content_type=merge)
        assert (boat["spec"]["length"], boat["status"]) == (7, {"berth": "b3"})
        boat = await http.request("PATCH", f"{PATH}/a", patch, content_type=merge)
        assert (boat["spec"]["length"], boat["metadata"]["generation"]) == (9, 2)


async def test_its_concern_is_heard_by_the_built_in_scheduler(plugins: Plugins, tmp_path: Path) -> None:
    async with control_plane(tmp_path, plugins=plugins, controllers=True) as plane:
        message = await why_pending(plane, labels={"cargo": ""})
        assert message.startswith("0/1 nodes are available: 1 node(s) carried passengers.")


async def why_pending(plane: ControlPlane, labels: dict[str, str]) -> str:
    """What the scheduler says of a pod with ``labels``, on one node that carries passengers."""
    http = plane.http_client()
    status = {
        "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "10"},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    node = {"metadata": {"name": "n", "labels": {"passengers": ""}}, "status": status}
    await http.request("POST", "/api/v1/nodes", node)
    pods = "/api/v1/namespaces/default/pods"
    spec = {"containers": [{"name": "c", "image": "i"}], "tolerations": [{"operator": "Exists"}]}
    start = (await http.list(Pod)).resource_version
    async with http.watch(Pod, "default", resource_version=start) as events:
        await http.request("POST", pods, {"metadata": {"name": "p", "labels": labels}, "spec": spec})
        async for event in events:
            for condition in event.obj.status.conditions:
                if condition.reason == "Unschedulable":
                    return condition.message or ""
    raise AssertionError("the scheduler said nothing")
