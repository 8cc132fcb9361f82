"""The check that tests leave nothing behind says what they have left, and keeps quiet about what is meant to last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LEAKING = """
import asyncio, socket, subprocess, threading
from pathlib import Path

import pytest
from sampan.core.datadir import DataDir

KEPT = []


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def ended_after_all():
    yield
    for each in KEPT:
        each.kill()
        each.wait()


@pytest.fixture(scope="module")
def lasting():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_thread():
    threading.Thread(target=threading.Event().wait, name="adrift", daemon=True).start()


def test_process():
    KEPT.append(subprocess.Popen(["sleep", "600"]))


def test_listener():
    KEPT.append(subprocess.Popen(["true"]))
    KEPT[-1].wait()
    pytest.listener = socket.create_server(("127.0.0.1", 0))


def test_file():
    Path("litter").touch()


def test_cluster(tmp_path):
    pytest.held = DataDir(tmp_path / "data")
    pytest.held.open()
    (tmp_path / "data" / "cluster.json").touch()


@pytest.mark.anyio
async def test_task():
    pytest.task = asyncio.create_task(asyncio.Event().wait(), name="adrift")


@pytest.mark.anyio
async def test_tidy(lasting, tmp_path):
    task = asyncio.create_task(asyncio.sleep(0.05))
    thread = threading.Thread(target=task.get_loop().call_soon_threadsafe, args=(print,))
    thread.start()


def test_tidy_again(lasting):
    with socket.create_server(("127.0.0.1", 0)), subprocess.Popen(["true"]):
        pass
"""
SAID = {
    "thread": "thread 'adrift'",
    "process": r"process \d+ \(sleep 600\)",
    "listener": r"listening socket \('127.0.0.1', \d+\)",
    "file": "file .*/litter",
    "cluster": r"cluster .*/data of process \d+",
    "task": "task adrift",
}


def test_who_leaves_something_behind_is_named(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makepyfile(LEAKING)
    ran = pytester.runpytest_subprocess("-p", "tests.support.leaks", "-W", "ignore::ResourceWarning")
    ran.assert_outcomes(passed=8, errors=len(SAID))
    said = ran.stdout.str()
    for leaker, words in SAID.items():
        report = rf"ERROR at teardown of test_{leaker} _+\n(.*\n)?the test has left behind: {words}[^;]*\n"
        assert re.search(report, said), (leaker, said)
