"""What pytest says of tests with clusters, run by a pytest of its own: failures, leaks, mistakes, tests side by side."""

from __future__ import annotations

import pytest

HEAD = """
import pytest
from sampan.plugin import ControllerBase, Node, Pod, hookimpl

POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}
"""


WITHOUT = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
"""What takes time and decides nothing here."""


def run(pytester: pytest.Pytester, tests: str, *words: str) -> pytest.RunResult:
    pytester.makepyfile(HEAD + tests)
    return pytester.runpytest_subprocess("-q", *WITHOUT, *words)


def test_a_failing_test_shows_its_cluster_and_what_that_logged(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
class Broken:
    @hookimpl
    def sampan_pod_admitted(self, pod):
        raise RuntimeError("no such pier")


@pytest.mark.sampan(plugins=[Broken()])
def test_it(sampan_cluster):
    sampan_cluster.apply(POD)
    sampan_cluster.wait_for(Pod, "default", "web", lambda pod: pod.status.phase == "Running")
    sampan_cluster.plugins.close()  # what it was told has come to it
    assert False


@pytest.fixture
def broken(sampan_plane):
    sampan_plane.apply(POD)
    raise LookupError


def test_that_has_a_broken_fixture(broken):
    pass
""",
    )
    result.assert_outcomes(failed=1, errors=1)
    said = result.stdout.str()
    result.stdout.fnmatch_lines(["*- sampan cluster -*", "pods:", "  default/web Running", "warnings:", "requests:"])
    assert "no such pier" in said
    assert "Captured log call" in said
    assert "  default/web Pending" in said


def test_who_leaves_a_task_behind_fails(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import asyncio


class Adrift(ControllerBase):
    name = "adrift"
    watches = ()

    def __init__(self, _context):
        self.task = asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="a boat adrift")


class Plugin:
    @hookimpl
    def sampan_register(self, registry):
        registry.controller("adrift", Adrift)


@pytest.mark.sampan(plugins=[Plugin()])
def test_it(sampan_plane):
    pass


def test_the_next_one(sampan_plane):
    pass
""",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*the cluster has left tasks behind: *a boat adrift*"])


def test_a_wrong_marker_says_what_there_is(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.sampan(colour="red")
def test_it(sampan_plane):
    pass
""",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the marker sampan takes installed, nodes, plugins, runtime, settings by name*"])


def test_tests_side_by_side_have_clusters_of_their_own(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.parametrize("number", range(4))
def test_it(sampan_cluster, number, worker_id):
    sampan_cluster.apply(POD | {"metadata": {"name": f"web-{number}"}})
    name = f"web-{number}"
    sampan_cluster.wait_for(Pod, "default", name, lambda pod: pod.status.phase == "Running", within=60)
    assert [pod.metadata.name for pod in sampan_cluster.list(Pod)] == [name]
    assert worker_id in ("gw0", "gw1")
""",
        *("-n", "2"),
    )
    result.assert_outcomes(passed=4)
