"""Nothing is left behind by a test: no thread, task, process, listening socket, running cluster or file.

A pytest plugin (see tests/conftest.py). It looks before and after each test, and an error at the end of a test names what
is there since then; what ends by itself gets a moment to do so. What fixtures of a wider scope hold belongs to no test.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sampan.core.datadir import DataDir
from sampan.core.testing.loop_thread import NAME as LOOP_THREAD

PATIENCE = 2.0
"""Seconds for what is ending: a thread that has been told, a child that is about to be waited for."""
PAUSE = 0.01
RUNNER = "TestRunner."
"""What the tasks of anyio's own are called, in which tests and fixtures run."""
OWN = ("__pycache__", ".")
"""How that begins which pytest, its plugins and tools that run beside it write into the current folder."""
CLUSTERS = tuple(f"{'*/' * depth}cluster.json" for depth in range(5))
"""Where a test's own clusters are below its folder."""

Look = Callable[[], dict[object, str]]
"""What there is, by what tells it from all others, with the words for it."""


def threads() -> dict[object, str]:
    """But those of the loops that tests share, and stand-ins for threads that Python did not start: they stay for good."""
    return {
        thread: f"thread {thread.name!r}"
        for thread in threading.enumerate()
        if not thread.name.startswith((LOOP_THREAD, "Dummy-"))
    }


def children() -> dict[object, str]:
    """Processes that this one has to wait for, ended ones too."""
    found: dict[object, str] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            numbers = (task / "children").read_text().split()
        except OSError:  # the thread has ended
            continue
        found |= {int(number): f"process {number} ({_command(number)})" for number in numbers}
    return found


def listeners() -> dict[object, str]:
    found: dict[object, str] = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
            if not target.startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(number))) as opened:
                if opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found[target] = f"listening socket {opened.getsockname()}"
        except OSError:  # closed by another thread
            continue
    return found


def files() -> dict[object, str]:
    """In the current folder, and which folder that is."""
    folder = os.getcwd()
    found: dict[object, str] = {f"{folder}/": f"the current folder {folder}"}
    return found | {
        f"{folder}/{name}": f"file {folder}/{name}" for name in os.listdir(folder) if not name.startswith(OWN)
    }


LOOKS: tuple[Look, ...] = (threads, children, listeners, files)


def _command(number: str) -> str:
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        words = ""
    return words.strip()[:200] or "ended, and not waited for"


def running_clusters(folder: Path) -> list[str]:
    found = [file.parent for pattern in CLUSTERS for file in folder.glob(pattern)]
    return [f"cluster {each} of process {holder}" for each in found if (holder := DataDir(each).holder()) is not None]


class Watcher:
    """What is known to be there, for each look."""

    def __init__(self) -> None:
        self._known: dict[Look, set[object]] = {}

    def begin(self) -> None:
        self._known = {look: set(look()) for look in LOOKS}

    @staticmethod
    def seen() -> dict[Look, set[object]]:
        return {look: set(look()) for look in LOOKS}

    def pass_over(self, since: dict[Look, set[object]]) -> None:
        """What has come to be since then is meant to last."""
        for look, known in self._known.items():
            known |= set(look()) - since[look]

    def left(self) -> list[str]:
        """In words, once nothing of it goes away any more."""
        deadline = time.monotonic() + PATIENCE
        while (left := self._new()) and time.monotonic() < deadline:
            time.sleep(PAUSE)
        return left

    def _new(self) -> list[str]:
        return [
            words for look, known in self._known.items() for each, words in look().items() if each not in known
        ]  # fmt: skip


WATCHER: pytest.StashKey[Watcher] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[WATCHER] = Watcher()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    if fixturedef.scope == "function":
        return (yield)
    watcher = request.config.stash[WATCHER]
    before = watcher.seen()
    try:
        return (yield)
    finally:
        watcher.pass_over(before)


@pytest.fixture(autouse=True)
def _leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    watcher = request.config.stash[WATCHER]
    watcher.begin()
    yield
    left = watcher.left()
    folder = request.node.funcargs.get("tmp_path")
    if folder is not None:
        left += running_clusters(folder)
    if left:
        pytest.fail(f"the test has left behind: {'; '.join(left)}", pytrace=False)


@pytest.fixture(autouse=True)
def _coroutine_tests_leave_no_task_behind(request: pytest.FixtureRequest) -> None:
    if "anyio_backend" in request.fixturenames:
        request.getfixturevalue("_no_task_behind")


@pytest.fixture
async def _no_task_behind(anyio_backend: str, _leaves_nothing_behind: None) -> AsyncIterator[None]:
    """Looks after the end of all else that the test has asked for, and before that of its loop, which cancels silently."""
    yield
    left = {task for task in asyncio.all_tasks() if not getattr(task.get_coro(), "__qualname__", "").startswith(RUNNER)}
    if left:
        _, left = await asyncio.wait(left, timeout=PATIENCE)
    if left:
        names = "; ".join(f"task {task.get_name()} ({task.get_coro()})" for task in left)
        pytest.fail(f"the test has left behind: {names}", pytrace=False)
