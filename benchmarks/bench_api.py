"""How much of uvicorn's own speed is left for GET and LIST: requests per second over TLS, against ready bytes.

``python benchmarks/bench_api.py`` starts both servers one after the other and asks them with wrk on 8 connections. It
prints one ratio each for GET of a pod (goal: at least 0.25) and LIST of 500 pods (goal: at least 0.4).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from prometheus_client import CollectorRegistry

from sampan.core.api.server import ApiServer, server_files
from sampan.core.api.tls import EmbeddedServer
from sampan.core.config import ClusterContext, Config
from sampan.core.contracts.streams import NodeDirectory
from sampan.core.model.builtin import BUILTIN_KINDS, Pod, ServiceAccount
from sampan.core.model.core_v1.container import Container
from sampan.core.model.core_v1.pod_spec import PodSpec
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.registry import Registry
from sampan.plugins import admission, auth
from sampan.plugins.stores.memory import open_memory

PODS = 500
TOKEN = "bench"
GOALS = {"GET one pod": 0.25, "LIST 500 pods": 0.4}


def context(data: Path) -> ClusterContext:
    config = Config(data_dir=data, port=0)
    return ClusterContext(config=config, service_cidr="10.96.0.0/16", admin_token=TOKEN, metrics=CollectorRegistry())


async def serve_api(data: Path) -> None:
    registry = Registry()
    for cls in BUILTIN_KINDS:
        registry.kind(cls)
    auth.register(registry)
    admission.register(registry)
    about = context(data)
    server = ApiServer(registry, open_memory(), about, NodeDirectory())
    await server.start(server_files(about, data / "pki"))
    client = server.client()
    await client.create(ServiceAccount(metadata=ObjectMeta(name="default", namespace="default")))
    for number in range(PODS):
        meta = ObjectMeta(name=f"pod-{number:04}", namespace="default", labels={"app": "web"})
        await client.create(Pod(metadata=meta, spec=PodSpec(containers=(Container(name="web", image="nginx"),))))
    print(json.dumps({"url": server.url}), flush=True)
    await asyncio.Event().wait()


async def serve_bare(data: Path) -> None:
    """Two paths with ready bytes, and nothing else."""
    bodies = {f"/{name}": (data / name).read_bytes() for name in ("one", "many")}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = bodies[scope["path"]]
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    files = server_files(context(data), data / "pki")
    config = uvicorn.Config(
        app, port=0, http="httptools", lifespan="off", access_log=False, log_config=None, interface="asgi3",
        ssl_certfile=str(files.certificate_file), ssl_keyfile=str(files.key_file),
    )  # fmt: skip
    server = EmbeddedServer(config)
    task = asyncio.create_task(server.serve())
    await server.started_or_failed(task)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(json.dumps({"url": f"https://127.0.0.1:{port}"}), flush=True)
    await task


@contextmanager
def server(kind: str, data: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", kind, "--data", str(data)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()


def rate(url: str, seconds: int) -> float:
    """Requests per second."""
    command = ["wrk", "-t2", "-c8", f"-d{seconds}s", "-H", f"Authorization: Bearer {TOKEN}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{url} answered with errors:\n{text}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found is not None, text
    return float(found[1])


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as answer:
        body: bytes = answer.read()
        return body


def measure(data: Path, seconds: int) -> dict[str, float]:
    paths = {"GET one pod": ("/api/v1/namespaces/default/pods/pod-0007", "one"),
             "LIST 500 pods": ("/api/v1/namespaces/default/pods", "many")}  # fmt: skip
    ours, bare = {}, {}
    with server("api", data) as url:
        for name, (path, file) in paths.items():
            (data / file).write_bytes(fetch(url + path))
            ours[name] = rate(url + path, seconds)
    with server("bare", data) as url:
        for name, (_, file) in paths.items():
            bare[name] = rate(f"{url}/{file}", seconds)
    for name in paths:
        size = (data / paths[name][1]).stat().st_size
        print(f"{name} ({size} bytes): {ours[name]:.0f}/s of {bare[name]:.0f}/s = {ours[name] / bare[name]:.2f}"
              f" (goal: at least {GOALS[name]})")  # fmt: skip
    return {name: ours[name] / bare[name] for name in paths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=["api", "bare"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    if options.serve:
        uvloop.run({"api": serve_api, "bare": serve_bare}[options.serve](options.data))
        return
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is needed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        ratios = measure(Path(folder), options.seconds)
    if any(ratios[name] < goal for name, goal in GOALS.items()):
        raise SystemExit("too slow")


if __name__ == "__main__":
    main()
