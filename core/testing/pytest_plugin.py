"""Fixtures for tests of plugins, operators and clients: a cluster for every test, in well under a second.

Found by pytest through its entry-point group, so nothing is imported before a test asks. See docs/testing.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sampan.core.testing.live_cluster import LiveCluster
    from sampan.core.testing.loop_thread import LoopThread
    from sampan.core.testing.moved_clock import MovedClock
    from sampan.core.testing.template import Template

MARK = (
    "sampan(plugins=(), nodes=1, runtime='simulated', installed=False, settings={}): what the test's cluster is made of"
)
_OPTIONS = {"plugins", "nodes", "runtime", "installed", "settings"}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


@pytest.fixture(scope="session")
def _sampan_loop() -> Iterator[LoopThread]:
    from sampan.core.testing.loop_thread import LoopThread

    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def _sampan_template(tmp_path_factory: pytest.TempPathFactory, _sampan_loop: LoopThread) -> Template:
    from sampan.core.testing.template import Template

    return Template(tmp_path_factory.mktemp("sampan") / "template", _sampan_loop)


@pytest.fixture
def sampan_clock(_sampan_loop: LoopThread) -> MovedClock:
    """The time of the test's cluster: it stands still, and goes on in ``sampan_clock.advance(seconds)``."""
    from sampan.core.testing.moved_clock import MovedClock

    return MovedClock(_sampan_loop)


@pytest.fixture
def sampan_cluster(
    request: pytest.FixtureRequest, tmp_path: Path, _sampan_loop: LoopThread, _sampan_template: Template
) -> Iterator[LiveCluster]:
    """A cluster of the test's own, with a node (or several) whose pods are simulated."""
    yield from _cluster(request, tmp_path, _sampan_loop, _sampan_template, default_nodes=1)


@pytest.fixture
def sampan_plane(
    request: pytest.FixtureRequest, tmp_path: Path, _sampan_loop: LoopThread, _sampan_template: Template
) -> Iterator[LiveCluster]:
    """API and controllers alone: no node, so pods stay Pending."""
    yield from _cluster(request, tmp_path, _sampan_loop, _sampan_template, default_nodes=0)


@pytest.fixture(scope="session")
def sampan_shared_cluster(
    tmp_path_factory: pytest.TempPathFactory, _sampan_loop: LoopThread, _sampan_template: Template
) -> Iterator[LiveCluster]:
    """One cluster with a node for all tests that ask for it; ``sampan_shared_cluster.namespace()`` keeps them apart."""
    from sampan.core.testing.start import live_cluster

    with live_cluster(tmp_path_factory.mktemp("sampan") / "shared", _sampan_loop, template=_sampan_template) as made:
        yield made


def _cluster(
    request: pytest.FixtureRequest, folder: Path, loop: LoopThread, template: Template, default_nodes: int
) -> Iterator[LiveCluster]:
    from sampan.core.testing.start import live_cluster

    clock = request.getfixturevalue("sampan_clock") if "sampan_clock" in request.fixturenames else None
    options: dict[str, Any] = {"nodes": default_nodes, **_marked(request)}
    with live_cluster(
        folder / "sampan", loop, clock=clock.clock if clock else None, template=template, **options
    ) as made:
        if clock is not None:
            clock.follow(made)
        request.node.stash[_CLUSTER] = made
        yield made
        del request.node.stash[_CLUSTER]


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the marker says; the closest one counts."""
    options: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("sampan"))):
        if mark.args or not set(mark.kwargs) <= _OPTIONS:
            raise pytest.UsageError(f"the marker sampan takes {', '.join(sorted(_OPTIONS))} by name")
        options |= mark.kwargs
    return options


_CLUSTER: pytest.StashKey[LiveCluster] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its cluster looked like."""
    report = yield
    if report.when != "teardown" and report.failed and (cluster := item.stash.get(_CLUSTER, None)):
        try:
            report.sections.append(("sampan cluster", cluster.story()))
        except Exception as exc:
            report.sections.append(("sampan cluster", f"could not be asked: {exc!r}"))
    return report
