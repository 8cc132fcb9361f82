"""The example of an operator and its tests, run as its author would: a cluster for each of them, and one for all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "operator"


@pytest.mark.parametrize(
    ("words", "passed"),
    [(["test_website_operator.py"], 20), (["test_website_operator.py", "--shared"], 20), (["test_client_libraries.py"], 4)],
    ids=["a cluster each", "one for all", "client libraries"],
)  # fmt: skip
def test_its_tests_pass(tmp_path: Path, words: list[str], passed: int) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "operator", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert f"{passed} passed" in ran.stdout
