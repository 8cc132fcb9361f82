"""How long a pod takes on an engine: from its creation over the API until its status says running.

``python -m benchmarks.bench_pod_start [docker] [podman]``: both by default. The floor is the bare SDK creating and
starting the same two containers, a pause and the pod's own, one after the other in the same run. Goal: at most 1.4 of it.
"""

from __future__ import annotations

import json
import ssl
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
import httpx
import podman

from benchmarks.cluster import cluster, until_ready
from sampan.core.datadir import DataDir
from sampan.core.kubeconfig import read_access
from sampan.runtimes.engine.pause import PAUSE_IMAGE
from sampan.runtimes.podman.service import PodmanService

IMAGE = "sampan-small:latest"
COMMAND = ["sleep", "100000"]
ROUNDS = 12
GOAL = 1.4
PODS = "/api/v1/namespaces/default/pods"

Start = Callable[[str], None]
"""Starts two containers of that name with the bare SDK, and takes them away again outside of the measured time."""


def over_the_api(api: httpx.Client, name: str) -> float:
    """Seconds from the request to the event that shows the container running."""
    container = {"name": "app", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": COMMAND}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    query = {"watch": "true", "fieldSelector": f"metadata.name={name}"}
    with api.stream("GET", PODS, params=query) as events:
        lines = events.iter_lines()
        started = time.perf_counter()
        api.post(PODS, json={"metadata": {"name": name}, "spec": spec}).raise_for_status()
        while json.loads(next(lines))["object"]["status"].get("phase") != "Running":
            pass
        took = time.perf_counter() - started
    api.delete(f"{PODS}/{name}").raise_for_status()
    return took


@contextmanager
def bare_docker() -> Iterator[Callable[[str], float]]:
    client = docker.from_env()

    def start(name: str) -> float:
        started = time.perf_counter()
        pause = client.containers.create(PAUSE_IMAGE, name=f"{name}-pause")
        pause.start()
        app = client.containers.create(IMAGE, COMMAND, name=name, network_mode=f"container:{pause.id}")
        app.start()
        took = time.perf_counter() - started
        for each in (app, pause):
            each.remove(force=True)
        return took

    try:
        yield start
    finally:
        client.close()


@contextmanager
def bare_podman(service: str) -> Iterator[Callable[[str], float]]:
    client = podman.PodmanClient(base_url=service)

    def start(name: str) -> float:
        started = time.perf_counter()
        pod = client.pods.create(name=name, infra_image=f"localhost/{PAUSE_IMAGE}")
        app = client.containers.create(IMAGE, COMMAND, name=f"{name}-app", pod=pod)
        pod.start()
        took = time.perf_counter() - started
        app.remove(force=True)
        pod.remove(force=True)
        return took

    try:
        yield start
    finally:
        client.close()


def measure(engine: str) -> float:
    """The ratio; prints both figures."""
    with cluster(engine) as running:
        until_ready(running)
        access = read_access(running.kubeconfig)
        verify = ssl.create_default_context(cadata=access.ca_pem)
        headers = {"Authorization": f"Bearer {access.token}"}
        service = PodmanService(DataDir(running.data_dir).folder("runtime", "podman")).url
        bare = bare_docker() if engine == "docker" else bare_podman(service)
        with httpx.Client(base_url=access.server, headers=headers, verify=verify, timeout=60) as api, bare as start:
            ours, floor = [], []
            for number in range(ROUNDS):
                floor.append(start(f"bench-bare-{number}"))
                ours.append(over_the_api(api, f"bench-{number}"))
    took, least = statistics.median(ours[1:]), statistics.median(floor[1:])
    print(f"pod start on {engine:7} {took:6.3f} s   bare SDK {least:6.3f} s   {took / least:5.2f}x   goal <= {GOAL}")
    return took / least


def main(engines: list[str]) -> None:
    ratios = [measure(engine) for engine in engines]
    if max(ratios) > GOAL:
        raise SystemExit("too slow")


if __name__ == "__main__":
    main(sys.argv[1:] or ["docker", "podman"])
