"""A shell that runs `sampan`, and a server that answers it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.cli.main import run
from tests.cli.api_server import Result, Server, Shell, discovery


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that knows a few kinds and has no objects."""
    found = Server()
    found.on("GET", "/api", discovery([""]))
    found.on("GET", "/apis", discovery(["apps", "example.com"]))
    yield found
    found.close()


@pytest.fixture
def bare_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    """Runs `sampan` in this process, in an empty folder that is also the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("KUBECONFIG", *(name for name in os.environ if name.startswith("SAMPAN_"))):
        monkeypatch.delenv(name, raising=False)

    def shell(*arguments: str) -> Result:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        return Result(code, out, err)

    return shell


@pytest.fixture
def shell(bare_shell: Shell, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The same, with a kubeconfig that leads to the server."""
    kubeconfig = {
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": server.url}}],
        "users": [{"name": "test", "user": {"token": "secret"}}],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return bare_shell
