"""The example of an operator and its tests, run as its author would: a cluster for each of them, and one for all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "operator"
RUNS = [["test_website_operator.py"], ["test_website_operator.py", "--shared"], ["test_client_libraries.py"]]
ONE_BY_ONE = f"import pytest; print([pytest.main(['-q', '-p', 'no:cacheprovider', *words]) for words in {RUNS}])"
"""In one process, since what is dear is to load the libraries."""


def test_its_tests_pass() -> None:
    """In its own folder, as the page says; nothing is written there."""
    command = [sys.executable, "-B", "-c", ONE_BY_ONE]
    ran = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False, timeout=500)
    assert re.findall(r"^(\d+) passed", ran.stdout, re.MULTILINE) == ["20", "20", "4"], ran.stdout[-5000:] + ran.stderr
    assert ran.stdout.endswith("[<ExitCode.OK: 0>, <ExitCode.OK: 0>, <ExitCode.OK: 0>]\n")
