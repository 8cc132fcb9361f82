"""Wheels of projects that are built by setuptools, as pip has them built, but all of them in one process.

pip starts two processes for each project, which is most of what an installation costs. Run as a program, this is that one
process: setuptools changes the working directory, and much else, of whoever runs it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


def build_wheels(into: Path, projects: Iterable[Path]) -> list[Path]:
    """One wheel of each project, in its order. Raises `AssertionError` with what setuptools said."""
    command = [sys.executable, "-P", __file__, into, *projects]  # modules beside this one are not to be found
    built = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr[-4000:]
    return [into / name for name in built.stdout.split()]


def _build(into: str, *projects: str) -> None:
    from setuptools import build_meta

    for project in projects:
        os.chdir(project)
        with contextlib.redirect_stdout(sys.stderr):
            name = build_meta.build_wheel(into)
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    _build(*sys.argv[1:])
