"""What the stories run, per runtime: the test images where they are, else small servers from the host's own files.

Engines have the images. The process runtime loads their archives where it can; where there are none (no engine on this
machine has made them) or it may not (no overlays), the image ``host`` and Python do the same work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from sampan.core.contracts.runtime import Capabilities
from tests.support.cluster import Cluster

ARCHIVES = ("nginx", "nginx-1.27", "redis", "python", "small")

PAGE_SERVER = """
import http.server, os, signal, socketserver, sys, threading

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = open("/etc/hostname").read() if self.path == "/hostname" else sys.argv[2]
        body = f"{text}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

server = Server(("", int(sys.argv[1])), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""

KEY_VALUE_SERVER = """
import os, signal, socketserver, sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
FILE = "/data/redis/appendonly"

class Words(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(answer(line.decode().split()))

def answer(words):
    if words[:1] == ["SET"]:
        with open(FILE, "a") as file:
            file.write(" ".join(words[1:]) + "\\n")
            file.flush()
            os.fsync(file.fileno())
        return b"+OK\\r\\n"
    entries = dict(line.split(maxsplit=1) for line in open(FILE)) if os.path.exists(FILE) else {}
    value = entries[words[1]].strip().encode()
    return b"$%d\\r\\n%s\\r\\n" % (len(value), value)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

Server(("", 6379), Words).serve_forever()
"""


@attrs.frozen(kw_only=True)
class Program:
    """An image, the command that it needs (none: its own), and what it shows to the outside."""

    image: str
    command: tuple[str, ...] = ()
    port: int = 0
    page: str = ""
    """What a web server's page says."""

    def container(self, name: str, **more: Any) -> dict[str, Any]:
        """It as a container of a manifest."""
        command = {"command": list(self.command)} if self.command else {}
        ports = {"ports": [{"containerPort": self.port}]} if self.port else {}
        return {"name": name, "image": self.image, "imagePullPolicy": "IfNotPresent", **command, **ports, **more}

    def words(self) -> tuple[str, ...]:
        """It as the end of a `kubectl run` or `kubectl create deployment`."""
        return ("--", *self.command) if self.command else ()


@attrs.frozen(kw_only=True)
class Images:
    web: Program
    web_v2: Program
    redis: Program
    shell: Program
    """Has ``sh`` with the usual commands; a story gives it its own command."""
    python: Program
    """Has ``python3``."""


REAL = Images(
    web=Program(image="nginx", port=80, page="nginx:latest"),
    web_v2=Program(image="nginx:1.27", port=80, page="nginx:1.27"),
    redis=Program(
        image="redis",
        command=("redis-server", "--dir", "/data/redis", "--appendonly", "yes", "--protected-mode", "no"),
        port=6379,
    ),
    shell=Program(image="sampan-small:latest"),
    python=Program(image="python:3-slim"),
)


def _host(script: str, *arguments: str, **settings: Any) -> Program:
    return Program(image="host", command=("python3", "-u", "-c", script, *arguments), **settings)


def _page(text: str) -> Program:
    return _host(PAGE_SERVER, "8080", text, port=8080, page=text)


FROM_HOST = Images(
    web=_page("Welcome, version 1"),
    web_v2=_page("Welcome, version 2"),
    redis=_host(KEY_VALUE_SERVER, port=6379),
    shell=Program(image="host"),
    python=Program(image="host"),
)


def archive_folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("SAMPAN_TEST_IMAGES") or cache / "sampan" / "test-images")


def archives() -> Mapping[str, Path]:
    """By name; empty unless all of them are there."""
    found = {name: archive_folder() / f"{name}.tar" for name in ARCHIVES}
    return found if all(path.exists() for path in found.values()) else {}


def images_for(runtime: str, can: Capabilities) -> Images:
    """The programs that stories run there."""
    return FROM_HOST if runtime == "process" and not _may_load(can) else REAL


def load_images(cluster: Cluster, can: Capabilities, names: Sequence[str] = ARCHIVES) -> None:
    """Bring archives to a runtime that has no engine's images."""
    if cluster.runtime == "process" and _may_load(can):
        files = [str(archives()[name]) for name in names]
        cluster.sampan("image", "load", *files, "--data-dir", str(cluster.data_dir))


def _may_load(can: Capabilities) -> bool:
    return can.loads_images and bool(archives())
