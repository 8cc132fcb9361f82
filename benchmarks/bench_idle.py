"""What a cluster with ten running pods costs while nothing happens: the control plane's share of one core.

``python -m benchmarks.bench_idle [RUNTIME] [SECONDS]``: default process, 60 s. Goal: under 2 %.
"""

from __future__ import annotations

import sys
import time

from benchmarks.cluster import cluster, until_ready

PODS = 10
GOAL = 0.02
IMAGES = {"process": "host", "docker": "sampan-small:latest", "podman": "sampan-small:latest"}


def main(runtime: str, seconds: float) -> None:
    with cluster(runtime) as running:
        until_ready(running)
        image = ["--image", IMAGES[runtime], "--image-pull-policy", "IfNotPresent"]
        for number in range(PODS):
            running.kubectl("run", f"idle-{number}", *image, "--", "sleep", "100000")
        running.kubectl("wait", "pods", "--all", "--for=condition=Ready", "--timeout=60s")
        time.sleep(3)  # events and statuses of the start are still being written
        before, since = running.cpu_seconds(), time.perf_counter()
        time.sleep(seconds)
        share = (running.cpu_seconds() - before) / (time.perf_counter() - since)
    print(f"idle, {PODS} pods, {runtime:8} {share:7.2%} of one core   goal < {GOAL:.0%}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "process", float(sys.argv[2]) if len(sys.argv) > 2 else 60)
