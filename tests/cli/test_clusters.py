"""Which cluster a command is about, and that it is about no other; real clusters with simulated pods, in the background."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sampan.core.datadir import DataDir, Decisions
from tests.cli.api_server import Result, Shell
from tests.support.wait import eventually

PLUGIN = """
from sampan.core.contracts.proxy import ProxyReport
from sampan.core.hooks import hookimpl

class Quiet:
    def __init__(self, settings): ...
    def service_cidr(self): return "127.96.0.0/16"
    def start(self): ...
    def sync(self, desired): return ProxyReport()
    def destroy(self): ...
    def close(self): ...

@hookimpl
def sampan_register(registry):
    registry.proxy("quiet", Quiet)

@hookimpl
def sampan_pod_admitted(pod):
    raise RuntimeError("no fuel")
"""


class Clusters:
    """Starts them, and takes down what is left."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell = shell
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        (folder / "quiet.py").write_text(PLUGIN)
        self._folders: list[Path] = []

    def __call__(self, *words: str) -> Result:
        return self._shell(*words)

    def up(self, *words: str, data_dir: Path | None = None) -> Result:
        options = ["--runtime", "simulated", "--proxy", "quiet", "--dns", "none", "--port", "0", "--plugin", "quiet.py"]
        place = [] if data_dir is None else ["--data-dir", str(data_dir)]
        command = ["up", "-d", *options, "--kubeconfig", str(self.kubeconfig), *place, *words]
        # A process of its own: a copy of this one would go on in the background with its open files.
        done = subprocess.run(
            [sys.executable, "-m", "sampan.cli.main", *command], capture_output=True, text=True, timeout=60, check=False
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def contexts(self) -> list[str]:
        return [entry["name"] for entry in yaml.safe_load(self.kubeconfig.read_text())["contexts"]]

    def list(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._shell("clusters", "-o", "json").out)
        return found

    def end(self) -> None:
        for each in self.list():
            self._shell("down", "--purge", "--data-dir", each["dataDir"])


@pytest.fixture
def clusters(bare_shell: Shell, tmp_path: Path) -> Iterator[Clusters]:
    made = Clusters(bare_shell, tmp_path)
    yield made
    made.end()


def kept(folder: Path, name: str, *, runtime: str = "simulated", proxy: str = "userspace") -> Path:
    """The folder of a cluster that was stopped."""
    directory = DataDir(folder)
    directory.open()
    cidr, nodes = "192.0.2.0/24", {name: "198.51.100.0/24"}
    directory.keep(
        Decisions(cluster=name, runtime=runtime, proxy=proxy, store="memory:", service_cidr=cidr, nodes=nodes)
    )
    directory.close()
    return folder


def test_two_clusters_side_by_side_are_each_found_by_name_and_by_folder(clusters: Clusters) -> None:
    a, b = clusters.folder / "a", clusters.folder / "b"
    first = clusters.up("--name", "first", data_dir=a)
    assert first.code == 0, first.err
    assert f"Stop it with `sampan stop --data-dir {a}`" in first.out
    assert clusters.up("--name", "second", data_dir=b).code == 0
    assert [(each["name"], each["running"]) for each in clusters.list()] == [("first", True), ("second", True)]

    assert "Cluster:  first" in clusters("status", "--name", "first").out
    assert "Cluster:  second" in clusters("status", "--data-dir", str(b)).out
    unsure = clusters("status")
    assert (unsure.code, unsure.err) == (
        1, "error: there are several clusters (first, second): say which with --name, see `sampan clusters`\n",
    )  # fmt: skip
    wrong = clusters("down", "--name", "first", "--data-dir", str(b))
    assert wrong.err == f"error: {b} holds the cluster 'second', not 'first'\n"

    down = clusters("down", "--purge", "--data-dir", str(b))
    assert (down.code, clusters.contexts()) == (0, ["first"]), "only its own context went"
    assert "Cluster:  first" in clusters("status").out, "the only one that is left"
    assert clusters("stop").out.startswith("cluster 'first' stopped")


def test_up_on_a_running_cluster_says_so_and_leaves_it_as_it_is(clusters: Clusters) -> None:
    assert clusters.up("--name", "one").code == 0
    again = clusters("up", "--name", "one", "-d")
    assert (again.code, again.err) == (0, "")
    assert again.out.startswith("The cluster 'one' runs already at https://127.0.0.1:")
    more = clusters("up", "--name", "one", "--nodes", "3")
    assert more.code == 0
    assert more.err == "It was left as it is: for --nodes stop it first with `sampan stop --name one`.\n"
    other = clusters.up("--name", "one", data_dir=clusters.folder / "other")
    assert "a cluster named 'one' runs already, with its data in" in other.err


def test_the_running_cluster_is_asked_about_its_plugins(clusters: Clusters) -> None:
    assert clusters.up("--name", "one").code == 0
    listed = clusters("plugins", "list").out
    assert "The cluster 'one', which runs." in listed
    proxies = [line.split() for line in listed.splitlines() if line.startswith("proxy")]
    assert [words[1] for words in proxies if words[-1] == "chosen"] == ["quiet"]
    shown = clusters("plugins", "show", "quiet").out
    assert f"From:    {clusters.folder / 'quiet.py'}" in shown
    assert "sampan_pod_admitted" in shown
    unknown = clusters("plugins", "show", "quite")
    assert unknown.err.endswith("did you mean 'quiet'?\n")

    assert clusters("run", "web", "--image=nginx", "--kubeconfig", str(clusters.kubeconfig)).code == 0
    eventually(lambda: "Plugin:   quiet failed in sampan_pod_admitted" in clusters("status").out)
    assert "RuntimeError: no fuel" in clusters("plugins", "show", "quiet").out


CHANGED = (
    PLUGIN.replace('raise RuntimeError("no fuel")', "...")
    + """
@hookimpl
def sampan_container_exited(container): ...
"""
)


def test_a_plugin_that_changes_is_loaded_anew_while_pods_go_on(clusters: Clusters) -> None:
    """A half written file is told and waited out; the control plane that begins anew is the same process."""
    directory = clusters.folder / "data"
    assert clusters.up("--name", "one", "--reload", data_dir=directory).code == 0
    holder = DataDir(directory).holder()
    assert clusters("run", "web", "--image=nginx", "--kubeconfig", str(clusters.kubeconfig)).code == 0
    eventually(lambda: "1 Running" in clusters("status").out)
    pod = clusters("get", "pod", "web", "-o", "jsonpath={.metadata.uid}", "--kubeconfig", str(clusters.kubeconfig)).out

    def change(text: str) -> None:
        """At once, as editors do."""
        (clusters.folder / "next").write_text(text)
        (clusters.folder / "next").rename(clusters.folder / "quiet.py")

    def logged(words: str) -> None:
        eventually(lambda: words in DataDir(directory).log_file.read_text(), words)

    change("def (")
    logged("the cluster goes on with what it had")
    assert "sampan_container_exited" not in clusters("plugins", "show", "quiet").out
    change(CHANGED)
    logged("plugins: changed; the control plane starts anew, pods go on")
    eventually(lambda: "sampan_container_exited" in clusters("plugins", "show", "quiet").out)
    eventually(lambda: "1 Running" in clusters("status").out)
    words = ("get", "pod", "web", "-o", "jsonpath={.metadata.uid}", "--kubeconfig", str(clusters.kubeconfig))
    assert clusters(*words).out == pod
    assert DataDir(directory).holder() == holder


def test_another_clusters_context_of_the_same_name_stays(clusters: Clusters) -> None:
    assert clusters.up("--name", "one").code == 0
    assert clusters("stop").code == 0
    config = yaml.safe_load(clusters.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["certificate-authority-data"] = "b3RoZXI="
    clusters.kubeconfig.write_text(yaml.safe_dump(config))
    assert clusters("down", "--purge").code == 0
    assert clusters.contexts() == ["one"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--name", "Bad Name!"], "error: 'Bad Name!' cannot be a cluster's name: use at most 40 letters"),
        (["--name", "../up"], "error: '../up' cannot be a cluster's name"),
        (["--name", "x" * 41], "error: 'xxx"),
        (["--node-name", "Node_1"], "error: 'Node_1' cannot be a node's name"),
        (["--service-cidr", "10.0.0.0/99"], "error: '10.0.0.0/99' cannot be the range of service addresses"),
        (["--service-cidr", "10.0.0.0/32"], "error: 10.0.0.0/32 is too small for service addresses"),
        (["--pod-cidr", "ten"], "error: 'ten' cannot be the range of pod addresses"),
        (["--runtime", "dokcer"], "error: there is no runtime named 'dokcer': there are "),
        (["--store", "tape:"], "error: there is no store named 'tape': there are "),
        (["--plugin", "none.py"], "error: the plugin 'none' ("),
        (["--plugin"], "error: --plugin needs a value"),
        (["--reload"], "error: --reload needs a plugin to follow"),
        (["--nmae", "x"], "error: No such option"),
        (["--manifests", "nowhere"], "error: --manifests nowhere is not a folder"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(
    bare_shell: Shell, tmp_path: Path, words: list[str], line: str
) -> None:
    result = bare_shell("up", "--runtime", "simulated", *words)
    assert (result.code, result.out.count("api:")) == (1, 0)
    assert result.err.startswith(line)
    assert not list((tmp_path / "share").rglob("cluster.json")), "nothing is left"


BROKEN = (
    "import nowhere_to_be_found",
    "raise SystemExit(3)",
    "from sampan.core.hooks import hookimpl\n@hookimpl\ndef sampan_register(registry): raise OSError('no fuel')",
)


@pytest.mark.parametrize("code", BROKEN)
@pytest.mark.parametrize(
    "words", [["--help"], ["down", "--purge"], ["status"], ["stop"], ["image", "ls"], ["plugins", "list"], ["clusters"]]
)
def test_a_broken_plugin_keeps_no_command_from_working(
    bare_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: str
) -> None:
    (tmp_path / "broken.py").write_text(code)
    kept(tmp_path / "share" / "sampan" / "sampan", "sampan")
    monkeypatch.setenv("SAMPAN_PLUGINS", str(tmp_path / "broken.py"))
    result = bare_shell(*words)
    assert result.code == (1 if words == ["status"] else 0), result.err
    assert "Traceback" not in result.err
    assert result.err == "" or result.err.startswith("warning: the plugin 'broken'")


def test_a_broken_plugin_stops_up_and_can_be_blocked_by_every_command(bare_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found")
    result = bare_shell("up", "--runtime", "simulated", "--plugin", "broken.py")
    assert result.err.endswith("(leave it out with --block-plugin broken)\n")
    for words in (["status"], ["down"], ["plugins", "list"], ["image", "ls"], ["get", "pods"]):
        result = bare_shell(*words, "--plugin", "broken.py", "--block-plugin=broken")
        assert "the plugin" not in result.err


@pytest.mark.parametrize(
    ("gone", "stays"),
    [
        (
            {"runtime": "rowing"},
            "pods of rowing (there is no runtime named 'rowing': there are docker, podman, process, simulated)",
        ),
        (
            {"proxy": "rowing"},
            "service addresses of rowing (there is no proxy named 'rowing': there are nftables, userspace)",
        ),
    ],
)
def test_down_removes_all_that_needs_no_plugin_that_is_gone(
    bare_shell: Shell, tmp_path: Path, gone: dict[str, str], stays: str
) -> None:
    folder = kept(tmp_path / "share" / "sampan" / "sampan", "sampan", **gone)
    result = bare_shell("down", "--purge")
    assert result.code == 1
    assert result.err == (
        f"error: not removed: {stays}. The data stays in {folder}: run `sampan down` again once that is mended\n"
    )
    assert ("pods: removed" in result.out, "service addresses: 192" in result.out) == (
        "runtime" not in gone,
        "proxy" not in gone,
    )
    assert DataDir(folder).exists()


def test_a_damaged_cluster_is_listed_and_named(bare_shell: Shell, tmp_path: Path) -> None:
    folder = kept(tmp_path / "share" / "sampan" / "bad", "bad")
    (folder / "cluster.json").write_text("{")
    result = bare_shell("clusters")
    assert result.code == 0
    assert "cluster.json is damaged" in result.err
