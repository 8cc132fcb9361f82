"""The stage of the stories: which runtime, the cluster that they share, and each story's own namespace and kubectl."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sampan.core.contracts.runtime import Capabilities, Runtime, RuntimeSettings
from sampan.core.plugins import load_plugins
from tests.support.cluster import Cluster
from tests.support.images import Images, images_for, load_images
from tests.support.kubectl import Kubectl
from tests.support.wait import eventually

RUNTIMES = ("docker", "podman", "process", "simulated")

NEEDS: dict[str, tuple[Callable[[Capabilities], bool], str]] = {
    "processes": (lambda can: can.real_processes, "its containers run no commands"),
    "network": (lambda can: can.real_processes and can.own_network, "its pods have no addresses of their own"),
    "mounts": (
        lambda can: can.real_processes and "spec.containers[].volumeMounts" not in can.unsupported_fields,
        "it mounts no volumes",
    ),
}
"""What a story may need of a runtime (``@pytest.mark.needs("network")``), by the runtime's own word."""

SETTINGS = """
plugins:
  plugins:
    settings:
      horizontal_pod_autoscaler: {sync_period: 2}
"""
"""Of the shared cluster: stories need not wait as long as people may."""

namespaces = count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runtime", choices=RUNTIMES, default="process", help="what runs the pods of the stories")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "runtimes(names): the runtimes that the story is about; it is not told on others, which have their contract suites",
    )
    config.addinivalue_line("markers", f"needs(what): what the story needs of the runtime: {', '.join(NEEDS)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the stories that are about other runtimes."""
    runtime = config.getoption("--runtime", default="process")
    others = [item for item in items if any(runtime not in mark.args for mark in item.iter_markers("runtimes"))]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A story that fails shows its pods, its events and what the cluster said."""
    report = yield
    if report.failed:
        arguments = getattr(item, "funcargs", {})
        for kubectl in {each for each in arguments.values() if isinstance(each, Kubectl)}:
            seen = [kubectl.run(words).output for words in ("get pods -o wide", "get events --sort-by=.lastTimestamp")]
            report.sections.append((f"namespace {kubectl.namespace}", "\n".join(seen)))
        if cluster := arguments.get("fresh_cluster") or arguments.get("cluster"):
            report.sections.append(("sampan up", cluster.tail()))
    return report


@pytest.fixture(scope="session")
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--runtime", default="process"))


@pytest.fixture(scope="session")
def cluster(runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The one that stories share; each has a namespace of its own in it."""
    yield from _running(Cluster(runtime, tmp_path_factory.mktemp("cluster"), settings=SETTINGS))


@pytest.fixture
def fresh_cluster(runtime: str, tmp_path: Path, capabilities: Capabilities) -> Iterator[Cluster]:
    """One for a story that stops or kills it. It has the image of ``images.shell``."""
    for fresh in _running(Cluster(runtime, tmp_path / "cluster")):
        load_images(fresh, capabilities, ("small",))
        yield fresh


def _running(cluster: Cluster) -> Iterator[Cluster]:
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="session")
def capabilities(runtime: str, tmp_path_factory: pytest.TempPathFactory) -> Capabilities:
    """What the runtime says of itself on this machine; asked of one that runs nothing and is taken down again."""
    settings = RuntimeSettings(
        cluster="capabilities", node="capabilities", state_dir=tmp_path_factory.mktemp("runtime")
    )
    asked: Runtime = load_plugins().registry.runtimes.find(runtime).make(settings)
    try:
        asked.start()
        return asked.capabilities()
    finally:
        asked.destroy()
        asked.close()


@pytest.fixture(autouse=True)
def _what_the_story_needs(request: pytest.FixtureRequest) -> None:
    for marker in request.node.iter_markers("needs"):
        for need in marker.args:
            can, lack = NEEDS[need]
            if not can(request.getfixturevalue("capabilities")):
                pytest.skip(f"the {request.getfixturevalue('runtime')} runtime says that here {lack}")


@pytest.fixture(scope="session")
def images(cluster: Cluster, capabilities: Capabilities) -> Images:
    """What stories run in the shared cluster, there and ready."""
    load_images(cluster, capabilities)
    return images_for(cluster.runtime, capabilities)


@pytest.fixture
def kubectl(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Kubectl]:
    """kubectl in a namespace of the story's own, which goes with it."""
    with own_namespace(cluster, request.node.originalname) as kubectl:
        yield kubectl


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Kubectl]:
    """kubectl in a namespace for what the stories of one file only ask, such as a pod that answers them all."""
    with own_namespace(cluster, request.node.path.stem) as kubectl:
        yield kubectl


@contextmanager
def own_namespace(cluster: Cluster, test: str) -> Iterator[Kubectl]:
    name = test.removeprefix("test_").replace("_", "-")
    namespace = f"{name[:40].strip('-')}-{next(namespaces)}"
    with cluster.api() as api:
        api.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).raise_for_status()
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        eventually(lambda: api.get(account).is_success, "the namespace's account is there")
        yield cluster.kubectl(namespace)
        # Its end is not waited for: `down` takes what is left.
        api.delete(f"/api/v1/namespaces/{namespace}")
