"""The shell blocks of the pages on access and admission are typed, with kubectl, into a cluster of the test's own.

A line that begins with ``$`` is a command; what follows up to the next one is compared with what it prints.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sampan.core.testing.live_cluster import LiveCluster
from tests.support.kubectl import find_kubectl

DOCS = Path(__file__).parents[2] / "docs"

pytestmark = pytest.mark.kubectl


def blocks(page: str, language: str = "console") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


def typed(block: str) -> Iterator[tuple[str, str]]:
    """Each command, with what the page shows of its output; a here-document is part of its command."""
    for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = command.splitlines(keepends=True)
        end = lines.index("END\n") + 1 if lines[0].rstrip().endswith("<<END") else 1
        yield "".join(lines[:end]), "".join(lines[end:])


def type_in(block: str, cluster: LiveCluster, folder: Path) -> None:
    path = f"{find_kubectl().parent}:{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "PATH": path}
    for command, shown in typed(block):
        words = ["bash", "-c", command]
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if shown:
            assert done.stdout + done.stderr == shown, command
        else:
            assert done.returncode == 0, command + done.stdout + done.stderr


def test_who_may_what(sampan_plane: LiveCluster, tmp_path: Path) -> None:
    may, pod_security, _, flow, _ = blocks("access.md")
    for block in (may, pod_security, flow):
        type_in(block, sampan_plane, tmp_path)


def test_a_policy_of_admission(sampan_plane: LiveCluster, tmp_path: Path) -> None:
    (policy,), (block,) = blocks("admission.md", "yaml"), blocks("admission.md")
    (tmp_path / "tagged-images.yaml").write_text(policy)
    apply, run = re.split(r"(?=^\$ kubectl run)", block, flags=re.MULTILINE)
    type_in(apply, sampan_plane, tmp_path)

    def refused() -> bool:
        type_in(run, sampan_plane, tmp_path)
        return True

    sampan_plane.wait_until(refused, "the policy is in force")
