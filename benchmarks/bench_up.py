"""From ``sampan up`` to the first `kubectl get nodes` with a Ready node, and how much memory that takes.

``python -m benchmarks.bench_up``: process runtime, a fresh data directory each time. Goals: under 1.5 s and 100 MB.
The floor is what cannot be saved: starting Python and one kubectl.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from benchmarks.cluster import cluster, find_kubectl, until_ready

ROUNDS = 5
GOAL_SECONDS = 1.5
GOAL_BYTES = 100 * 10**6


def floor() -> float:
    """Seconds of a Python that does nothing and a kubectl that asks nobody."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    subprocess.run([find_kubectl(), "version", "--client"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    seconds, sizes = [], []
    for _ in range(ROUNDS + 1):
        with cluster("process") as running:
            seconds.append(until_ready(running))
            sizes.append(running.resident_bytes())
    del seconds[0], sizes[0]  # modules may have been compiled in it
    bare = statistics.median(floor() for _ in range(ROUNDS))
    took, size = statistics.median(seconds), statistics.median(sizes)
    print(f"up to a Ready node   {took:6.2f} s   {took / bare:5.1f}x of the floor   goal < {GOAL_SECONDS} s")
    print(f"resident memory      {size / 10**6:6.1f} MB                        goal < {GOAL_BYTES // 10**6} MB")


if __name__ == "__main__":
    main()
