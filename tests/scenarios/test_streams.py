"""What goes in and out of containers: logs, commands run inside, files copied, ports forwarded; and every kubectl that
there is."""

from __future__ import annotations

import hashlib
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.support.cluster import SAMPAN, Cluster
from tests.support.forward import forward
from tests.support.http import fetch
from tests.support.images import Images
from tests.support.kubectl import Kubectl, every_kubectl
from tests.support.manifests import pod, replicated, service
from tests.support.wait import eventually

pytestmark = pytest.mark.needs("processes")

WAYS = [pytest.param("true", id="websocket"), pytest.param("false", id="spdy")]
"""kubectl's exec speaks WebSocket since 1.30 and its port-forward since 1.31, unless told to speak SPDY as before."""

EVERY_KUBECTL = every_kubectl()
ENDS = (EVERY_KUBECTL[0], EVERY_KUBECTL[-1])
KUBECTLS = [
    pytest.param(program, id=program.name, marks=() if program in ENDS else pytest.mark.runtimes("process"))
    for program in EVERY_KUBECTL
]
"""All that are installed; what each says is the same over every runtime, so that its ends do for the engines."""

HARBOUR = """
import hashlib, http.server, signal, sys

class Harbour(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        word, _, count = self.path[1:].partition("/")
        self.answer(word.encode() * int(count or 1))

    def do_POST(self):
        left, sums = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            piece = self.rfile.read(min(left, 65536))
            left -= len(piece)
            sums.update(piece)
        self.answer(sums.hexdigest().encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
Server(("", 8080), Harbour).serve_forever()
"""
"""``GET /word/7``: the word seven times. ``POST``: the checksum of the body."""


@pytest.fixture(scope="module")
def talker(shared: Kubectl, images: Images) -> Kubectl:
    """Where there is a pod ``talker`` that says three lines, one of them on stderr, and stays."""
    script = "echo one; echo two >&2; echo three; trap exit TERM; sleep 3600 & wait"
    shared.apply(pod("talker", images.shell.container("talker", command=["sh", "-c", script])))
    shared("wait --for=condition=Ready pod/talker --timeout=30s")
    eventually(lambda: len(shared("logs talker").splitlines()) == 3, "it has said everything")
    return shared


def test_logs_are_whole_cut_and_stamped(talker: Kubectl) -> None:
    assert sorted(talker("logs talker").splitlines()) == ["one", "three", "two"]
    assert len(talker("logs talker --tail=1").splitlines()) == 1
    assert talker("logs talker --tail=0") == ""
    assert all(line.startswith("20") for line in talker("logs talker --timestamps").splitlines())
    assert talker("logs talker --since=1h").count("\n") == 3
    assert "container nobody is not valid for pod talker" in talker.reason_for("logs talker -c nobody")


def test_logs_are_followed_to_the_end(kubectl: Kubectl, images: Images) -> None:
    script = "echo begin; while [ ! -e /tmp/enough ]; do sleep 0.1; done; echo end"
    container = images.shell.container("talker", command=["sh", "-c", f"rm -f /tmp/enough; {script}"])
    kubectl.apply(pod("talker", container, restartPolicy="Never"))
    kubectl("wait --for=jsonpath={.status.phase}=Running pod/talker --timeout=30s")

    with kubectl.start("logs -f talker") as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "begin\n"
        kubectl("exec talker -- touch /tmp/enough")
        assert following.stdout.readline() == "end\n"
        assert following.wait(20) == 0


def test_the_logs_of_the_container_before_are_kept(kubectl: Kubectl, images: Images) -> None:
    kubectl.apply(pod("talker", images.shell.container("talker", command=["sh", "-c", "echo I was here; exit 1"])))
    eventually(lambda: kubectl.run("logs talker --previous").stdout == "I was here\n", "the first container's words")


def test_a_command_inside_gets_stdin_and_gives_its_exit_code(talker: Kubectl) -> None:
    assert talker("exec talker -- echo ahoy there") == "ahoy there\n"
    assert talker("exec -i talker -- sed s/a/A/", stdin="a boat\n") == "A boat\n"
    done = talker.run("exec talker -- sh -c", "echo out; echo err >&2; exit 42")
    assert (done.code, done.stdout) == (42, "out\n")
    assert "err\n" in done.stderr  # kubectl may say before it that it reads faster than it listens
    assert "command terminated with exit code 42" in done.stderr
    assert talker.run("exec talker -- /no/such/program").code != 0
    assert 'pods "nobody" not found' in talker.reason_for("exec nobody -- true")


def test_much_goes_in_and_out_unharmed(talker: Kubectl) -> None:
    text = "".join(f"{number:07d}\n" for number in range(200_000))
    assert talker("exec -i talker -- cat", stdin=text) == text


def test_files_are_copied_in_and_out(talker: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "chart").write_text("here be dragons\n")
    talker(f"cp {tmp_path}/chart talker:/tmp/sampan-story-chart")
    talker(f"cp talker:/tmp/sampan-story-chart {tmp_path}/back")
    assert (tmp_path / "back").read_text() == "here be dragons\n"


def test_one_container_of_several_is_chosen(kubectl: Kubectl, images: Images) -> None:
    names = ("bow", "stern")
    containers = [
        images.shell.container(name, command=["sh", "-c", f"echo {name}; trap exit TERM; sleep 3600 & wait"])
        for name in names
    ]
    kubectl.apply(pod("boat", *containers))
    kubectl("wait --for=condition=Ready pod/boat --timeout=30s")

    def speaks(name: str) -> bool:
        return kubectl(f"logs boat -c {name}") == f"{name}\n"

    for name in names:
        eventually(partial(speaks, name), f"{name} speaks")
    assert set(kubectl("logs boat --all-containers").split()) == set(names)
    assert kubectl("exec boat -c stern -- echo aft") == "aft\n"


@pytest.mark.parametrize("program", KUBECTLS)
def test_every_kubectl_does_its_daily_work(
    cluster: Cluster, talker: Kubectl, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = cluster.kubectl(talker.namespace, program)
    name = f"chart-of-{program.name}"

    assert "talker" in one("get pods")
    chart = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"here": "dragons"}}
    assert one.apply(chart) == f"configmap/{name} created\n"
    assert one.apply(chart | {"data": {"here": "islands"}}) == f"configmap/{name} configured\n"
    assert "islands" in one(f"describe configmap {name}")
    assert "Node:" in one("describe pod talker")
    assert "restartPolicy" in one("explain pod.spec.restartPolicy")
    assert sorted(one("logs talker").splitlines()) == ["one", "three", "two"]
    for websockets in ("true", "false"):
        monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", websockets)
        assert one("exec -i talker -- sed s/a/A/", stdin="ahoy\n") == "Ahoy\n"
        assert one.run("exec talker -- sh -c", "exit 42").code == 42
    one(f"delete configmap {name}")


@pytest.fixture(scope="module")
def harbour(shared: Kubectl, images: Images) -> Kubectl:
    """Where there is a pod ``harbour`` with a web server on its port 8080."""
    shared.apply(pod("harbour", images.python.container("harbour", command=["python3", "-u", "-c", HARBOUR])))
    shared("wait --for=condition=Ready pod/harbour --timeout=30s")
    probe = "import socket; socket.create_connection(('127.0.0.1', 8080))"
    eventually(lambda: shared.run("exec harbour -- python3 -c", probe).code == 0, "the server in the pod")
    return shared


@pytest.mark.needs("network")
@pytest.mark.parametrize("websockets", WAYS)
@pytest.mark.parametrize("program", KUBECTLS)
def test_every_kubectl_forwards_a_port(
    cluster: Cluster, harbour: Kubectl, program: Path, websockets: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets)
    one = cluster.kubectl(harbour.namespace, program)

    with forward(one, "pod/harbour", 8080) as forwarded, forwarded.client() as client, ThreadPoolExecutor(8) as crew:
        pages = list(crew.map(lambda number: client.get(f"/ship{number}").text, range(32)))
        large = client.get("/ballast/1000000").content
        cargo = bytes(range(256)) * 32_768
        received = client.post("/", content=cargo).text

        assert pages == [f"ship{number}" for number in range(32)]
        assert large == b"ballast" * 1_000_000
        assert received == hashlib.sha256(cargo).hexdigest()


@pytest.mark.needs("network")
def test_a_forwarded_service_is_followed_when_its_pod_goes(cluster: Cluster, kubectl: Kubectl, images: Images) -> None:
    container = images.web.container("web", readinessProbe={"tcpSocket": {"port": images.web.port}, "periodSeconds": 1})
    kubectl.apply(replicated("Deployment", "web", 1, container), service("web", 81, target=images.web.port))
    kubectl("rollout status deployment/web --timeout=60s")
    words = ["port-forward", "svc/web", ":81", "-n", kubectl.namespace, "--kubeconfig", str(cluster.kubeconfig)]
    with subprocess.Popen([*SAMPAN, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.endswith(" -> 81\n"), said
            url = f"http://{said.split()[2]}/"
            assert images.web.page in fetch(url)
            before = kubectl("get pods -l app=web -o name")
            kubectl("rollout restart deployment/web")
            kubectl("rollout status deployment/web --timeout=60s")
            kubectl(f"wait --for=delete {before.strip()} --timeout=30s")
            assert images.web.page in fetch(url), "the same port leads to the next pod"
        finally:
            process.kill()


@pytest.mark.needs("network")
def test_who_leaves_early_or_ends_its_half_holds_up_nobody(harbour: Kubectl) -> None:
    with forward(harbour, "pod/harbour", 8080) as forwarded, forwarded.client() as client:
        for _ in range(5):
            with closing(forwarded.connect()) as early:
                early.sendall(b"GET /ballast/10000000 HTTP/1.0\r\n\r\n")
                assert early.recv(16).startswith(b"HTTP/1.0 200")
        with closing(forwarded.connect()) as half:
            half.sendall(b"GET /half HTTP/1.0\r\n\r\n")
            half.shutdown(socket.SHUT_WR)
            with half.makefile("rb") as answer:
                assert answer.read().endswith(b"half")
        assert client.get("/still-here").text == "still-here"


@pytest.mark.needs("network")
def test_a_port_that_nobody_listens_on_is_told(talker: Kubectl) -> None:
    with forward(talker, "pod/talker", 81) as forwarded:
        with closing(forwarded.connect()) as nobody:
            assert nobody.recv(1) == b""
        assert forwarded.process.stderr is not None
        said = forwarded.process.stderr.readline()
    assert "error forwarding port 81 to pod talker_" in said
    assert "refused" in said


def test_a_terminal_is_a_terminal(talker: Kubectl) -> None:
    """``script`` gives kubectl a terminal of its own."""
    command = " ".join(talker.command("exec -it talker -- sh -c", '"tty; test -t 0 && echo yes"'))
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env=talker.environment(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=30,
        check=False,
    )
    assert "yes" in done.stdout, done.stdout
