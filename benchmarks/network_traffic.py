"""wrk to nginx in a pod, by its Service's address against straight to the pod, through each proxy of a real cluster."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator

from benchmarks.cluster import Running, cluster, until_ready
from benchmarks.in_turns import in_turns

IMAGE = "nginx:1.27"
ROUNDS = 5
SECONDS = 3
SECONDS_OF_CONNECTING = 1
"""A closed connection keeps its port for a minute, and there are 28,000: longer rounds would measure the search for one."""
CONNECTIONS = 16
GOALS = {"nftables": (0.95, 1.1), "userspace": (0.3, None)}
"""Least throughput and most p99, against straight to the pod."""
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def report(runtime: str) -> Iterator[str]:
    if shutil.which("wrk") is None:
        yield "traffic: install wrk"
        return
    for proxy, (least, most) in GOALS.items():
        with cluster(runtime, "--proxy", proxy) as running:
            until_ready(running)
            pod, service = _served(running)
            for what, options in (
                ("requests", ("-d", str(SECONDS))),
                ("new connections", ("-d", str(SECONDS_OF_CONNECTING), "-H", "Connection: close")),
            ):
                straight, through, ratio = in_turns(ROUNDS, _rate(pod, *options), _rate(service, *options))
                yield (
                    f"{what} through {proxy}: {through:,.0f}/s, straight to the pod {straight:,.0f}/s"
                    f" ({ratio:.2f}, goal >= {least})"
                )
            straight, through, ratio = in_turns(ROUNDS, _p99(pod), _p99(service))
            goal = f", goal <= {most}" if most else ""
            yield f"p99 through {proxy}: {through * 1000:.2f} ms, straight {straight * 1000:.2f} ms ({ratio:.2f}{goal})"


def _served(running: Running) -> tuple[str, str]:
    """The URL of a pod with nginx, and of its Service."""
    words = ("--image", IMAGE, "--image-pull-policy", "IfNotPresent", "--port", "80", "--expose")
    running.kubectl("run", "web", *words)
    running.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=60s")
    pod = running.kubectl("get", "pod", "web", "-o", "jsonpath={.status.podIP}")
    service = running.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    return f"http://{pod}/", f"http://{service}/"


def _rate(url: str, *options: str) -> Callable[[], float]:
    return lambda: float(_found(r"Requests/sec:\s+([\d.]+)", _wrk(url, *options))[0])


def _p99(url: str) -> Callable[[], float]:
    def measure() -> float:
        number, unit = _found(r"99%\s+([\d.]+)(us|ms|s)", _wrk(url, "-d", str(SECONDS)))
        return float(number) * UNITS[unit]

    return measure


def _wrk(url: str, *options: str) -> str:
    words = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "--latency", *options, url]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _found(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk says nothing of {pattern!r}:\n{text}")
    return found.groups()
