"""A cluster of a test's own: `sampan up` as a process, as a person would start it, with everything of its own.

Data directory, name, port and kubeconfig are made for it; the person's files and clusters are never touched.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import httpx

from sampan.core.kubeconfig import read_access
from tests.support.kubectl import Completed, Kubectl, find_kubectl
from tests.support.wait import NotYetError, eventually

SAMPAN = (sys.executable, "-m", "sampan.cli.main")
START_PATIENCE = 60.0
"""Seconds from `sampan up` to a Ready node: an engine's first network and pause image take some."""
COMMAND_TIMEOUT = 120.0


def run_sampan(*arguments: str, stdin: str = "", **environment: str) -> Completed:
    """One `sampan` command to its end, however it ends."""
    done = subprocess.run(
        [*SAMPAN, *arguments],
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT,
        check=False,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@attrs.define
class Cluster:
    """One cluster below ``folder``: `up`, `kill` and `stop` as often as a story wants, `down` at its end."""

    runtime: str
    folder: Path
    options: tuple[str, ...] = ()
    """More for `sampan up`."""
    settings: str = ""
    """A configuration file's text."""
    name: str = attrs.field(factory=lambda: f"story-{secrets.token_hex(3)}")
    port: int = attrs.field(factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def kubeconfig(self) -> Path:
        """The one that a person would use: `sampan up` writes a context into it."""
        return self.folder / "kubeconfig"

    @property
    def log(self) -> Path:
        """What every `sampan up` here said, one after the other."""
        return self.folder / "up.log"

    def up_command(self) -> list[str]:
        return [
            *SAMPAN,
            "up",
            *("--data-dir", str(self.data_dir), "--name", self.name, "--port", str(self.port)),
            *("--runtime", self.runtime, "--kubeconfig", str(self.kubeconfig)),
            *self.options,
        ]

    def up(self) -> None:
        """Start it, in the foreground of a process of its own; returns when the API answers and the node is Ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "config.yaml"
        if self.settings:
            configuration.write_text(self.settings)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C at pytest goes to pytest, which takes clusters down in order.
            self.process = subprocess.Popen(
                self.up_command(),
                env={**os.environ, "SAMPAN_CONFIG": str(configuration)} if self.settings else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            eventually(self.is_ready, "the node is Ready", within=START_PATIENCE, but=(httpx.HTTPError,))
        except NotYetError as exc:
            raise NotYetError(f"{exc}\n{self.log.read_text()}") from None

    def is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"sampan up ended with {self.process.returncode}:\n{self.log.read_text()}")
        # Written before the API listens; without it there is nobody to ask yet.
        if not (self.data_dir / "kubeconfig").exists():
            return False
        with self.api() as api:
            nodes = api.get("/api/v1/nodes").raise_for_status().json()["items"]
        conditions = [condition for node in nodes for condition in node.get("status", {}).get("conditions", ())]
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)

    def kill(self) -> None:
        """``kill -9`` of the control plane; pods know nothing of it."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> int:
        """Ctrl-C in its terminal; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(COMMAND_TIMEOUT)

    def stop(self) -> Completed:
        """`sampan stop`; returns when the control plane has ended."""
        done = self.sampan("stop", "--data-dir", str(self.data_dir))
        if self.process is not None:
            self.process.wait(COMMAND_TIMEOUT)
        return done

    def down(self) -> None:
        """`sampan down --purge`: nothing is left on the machine. Raises where it fails."""
        self.sampan("down", "--purge", "--data-dir", str(self.data_dir), "--kubeconfig", str(self.kubeconfig))
        if self.process is not None:
            self.process.wait(COMMAND_TIMEOUT)

    def sampan(self, *arguments: str, stdin: str = "") -> Completed:
        """One of sampan's own verbs with this cluster's kubeconfig. Raises where it fails."""
        done = run_sampan(*arguments, stdin=stdin, KUBECONFIG=str(self.kubeconfig))
        assert done.code == 0, f"sampan {' '.join(arguments)}: exit code {done.code}\n{done.output}\n{self.tail()}"
        return done

    def kubectl(self, namespace: str = "", program: Path | None = None) -> Kubectl:
        return Kubectl(program or find_kubectl(), self.kubeconfig, namespace)

    def api(self, **settings: Any) -> httpx.Client:
        """The API without kubectl, as the administrator: for set-up, load and what kubectl would not send."""
        access = read_access(self.data_dir / "kubeconfig")
        return httpx.Client(
            base_url=access.server,
            headers={"Authorization": f"Bearer {access.token}"},
            verify=ssl.create_default_context(cadata=access.ca_pem),
            trust_env=False,
            **{"timeout": 10.0, **settings},
        )

    def tail(self, lines: int = 40) -> str:
        """The end of what `sampan up` said."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text().splitlines()[-lines:])
