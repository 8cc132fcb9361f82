"""Two commits side by side: ``python -m benchmarks.against REVISION`` measures it and this tree, in turns.

Both are asked the same over the same HTTPS of a real ``sampan up`` (SQLite, every admission step and right on, simulated
pods), each by an environment of its own, so that only what they serve differs. Of each figure the median of the rounds is
shown, and how many times better than the old commit the new one is; processor time is told apart from time, since other
programs on the machine change it less. It takes some minutes, most of them for the old commit's environment.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cluster import cluster
from benchmarks.whole_cluster import MEASURES, Figure

TREE = Path(__file__).parents[1]


@contextmanager
def interpreter_of(revision: str) -> Iterator[str]:
    """A Python with that commit installed, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="sampan-against.") as folder:
        tree, environment = f"{folder}/tree", f"{folder}/venv"
        git("worktree", "add", "--detach", tree, revision)
        try:
            print(f"installing {revision}", file=sys.stderr, flush=True)
            venv.create(environment, with_pip=True)
            python = f"{environment}/bin/python"
            subprocess.run([python, "-m", "pip", "install", "--quiet", tree], check=True)
            yield python
        finally:
            git("worktree", "remove", "--force", tree)


def git(*words: str) -> None:
    subprocess.run(["git", "-C", str(TREE), *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measured(python: str) -> Iterator[Figure]:
    """Every measure, each on a cluster of its own."""
    for measure in MEASURES:
        with cluster("simulated", python=python) as running:
            yield from asyncio.run(measure(running))


def report(old: dict[str, list[float]], new: dict[str, list[float]], units: dict[str, Figure]) -> None:
    print(f"{'':44} {'then':>10} {'now':>10}   times better")
    for name, figure in units.items():
        then, now = statistics.median(old[name]), statistics.median(new[name])
        better = now / then if figure.more_is_better else then / now
        print(f"{name:44} {then:10.1f} {now:10.1f} {figure.unit:8} {better:6.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="the commit to compare with")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    old: dict[str, list[float]] = defaultdict(list)
    new: dict[str, list[float]] = defaultdict(list)
    units: dict[str, Figure] = {}
    with interpreter_of(options.revision) as python:
        for number in range(options.rounds):
            for side, values in ((python, old), (sys.executable, new)):
                print(f"round {number + 1}: {'then' if values is old else 'now'}", file=sys.stderr, flush=True)
                for figure in measured(side):
                    values[figure.name].append(figure.value)
                    units[figure.name] = figure
    report(old, new, units)


if __name__ == "__main__":
    main()
