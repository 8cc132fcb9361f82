"""`sampan plugins new`: what it writes for each sort passes its own test, and is installed like any plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from sampan.cli.lifecycle import check_plugin
from sampan.cli.lifecycle.new_plugin import SORTS, files
from sampan.cli.main import run
from sampan.core.plugins import patience
from tests.cli.api_server import Shell
from tests.support.wait import eventually
from tests.support.wheels import build_wheels

NAMES = {sort: f"my-{sort}" for sort in SORTS}
NAMES["volume"] = "my-ferry"  # as the templates themselves are called


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with sampan as it is here, and one plugin of each sort written and installed by pip.

    One for all: what takes long is making it.
    """
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    # What this environment has, its .pth files included: sampan itself may be installed editable.
    (packages / "parent.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    for sort, name in NAMES.items():
        assert run(["plugins", "new", name, "--kind", sort, "--into", str(folder)]) == 0
    wheels = build_wheels(folder / "wheels", [folder / name for name in NAMES.values()])
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "venv"),
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
    ]
    subprocess.run([*pip, *map(str, wheels)], check=True)
    return folder


def in_venv(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """``python -m …`` there, in an empty folder that is also the home: modules come from where pip has put them."""
    (site / "home").mkdir(exist_ok=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SAMPAN_", "XDG_", "KUBE"))
    }
    environment |= {"HOME": str(site / "home"), "PYTHONSAFEPATH": "1"}
    command = [str(site / "venv" / "bin" / "python"), *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=site / "home", env=environment
    )


def sampan(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_venv(site, "-c", "from sampan.cli.main import main; main()", *words)


def test_every_template_passes_its_own_test(site: Path) -> None:
    tests = [site / name / f"test_{name.replace('-', '_')}.py" for name in NAMES.values()]
    done = in_venv(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *tests)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_template_holds_to_its_contracts(site: Path, bare_shell: Shell) -> None:
    files = [f"{site}/{name}/{name.replace('-', '_')}.py" for name in NAMES.values()]
    result = bare_shell("plugins", "check", *files)
    assert result.code == 0, result.out + result.err
    assert [f"plugin {name.replace('-', '_')}: hooks" in result.out for name in NAMES.values()] == [True] * len(SORTS)


def test_a_cluster_runs_with_all_of_them_installed(site: Path, bare_shell: Shell) -> None:
    pod = [
        "get",
        "pod",
        "web",
        "-o",
        "jsonpath={.status.phase}",
        "--kubeconfig",
        str(site / "home" / ".kube" / "config"),
    ]
    data = ["--data-dir", str(site / "data")]
    chosen = ["--runtime", "my_runtime", "--store", "my_store:", "--proxy", "my_proxy", "--dns", "none"]
    up = sampan(site, "up", "-d", *data, "--name", "installed", "--port", "0", *chosen)
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        about = json.loads(sampan(site, "plugins", "list", *data, "-o", "json").stdout)
        loaded = {each["name"]: each for each in about["plugins"] if each["source"].startswith("sampan-my")}
        assert sorted(loaded) == sorted(name.replace("-", "_") for name in NAMES.values())
        assert [each for each in loaded.values() if each["problem"] or each["hangs"]] == []
        states = {each["sort"]: each["state"] for each in about["parts"] if each["name"].startswith("my_")}
        assert {states[sort] for sort in ("runtime", "store", "proxy")} == {"chosen"}
        assert sampan(site, "run", "web", "--image", "nginx:1.29").returncode == 0
        eventually(lambda: bare_shell(*pod).out == "Running", "the pod runs", within=60)
        assert sampan(site, "my_command").returncode == 0
    finally:
        down = sampan(site, "down", "--purge", *data)
    assert down.returncode == 0, down.stdout + down.stderr


@pytest.mark.parametrize(
    ("sort", "options"),
    [("hook", ""), ("store", " --store my_one:"), ("balancer", " --proxy userspace --balancer my_one")],
)
def test_its_readme_starts_a_cluster_that_uses_it(sort: str, options: str) -> None:
    readme = dict(files("my-one", sort))["README.md"]
    assert f"$ sampan up --plugin ./my_one.py{options} --reload  # " in readme


def test_a_name_may_have_the_templates_own_in_it() -> None:
    code = dict(files("my-ferry", "volume"))["my_ferry.py"]
    assert 'registry.csi_driver("my-ferry.example.com", MyFerry)' in code


@pytest.mark.parametrize("name", ["Upper", "9", "-a", "a--b", "a b", "../a"])
def test_a_name_that_cannot_be_one_is_refused(bare_shell: Shell, name: str) -> None:
    assert "cannot be a plugin's name" in bare_shell("plugins", "new", "--", name).err


def test_nothing_that_is_there_is_written_over(bare_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert "is there already" in bare_shell("plugins", "new", "mine").err


WRONG = {
    "misspelt": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_regster(registry): ...",
    "signature": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_pod_admitted(ship): ...",
    "no_plugin": "x = 1",
    "missing": "import nowhere_to_be_found",
    "wrong_part": (
        "from sampan.plugin import hookimpl\nclass A: ...\n@hookimpl\n"
        "def sampan_register(registry): registry.store('a', A)"
    ),
    "cannot_be_made": (
        "from sampan.plugin import hookimpl\n@hookimpl\n"
        "def sampan_register(registry): registry.controller('a', lambda context: None)"
    ),
    "no_balancer": (
        "from sampan.plugin import hookimpl\n@hookimpl\n"
        "def sampan_register(registry): registry.balancer('b', lambda: 7)"
    ),
    "names_twice": (
        "from sampan.plugin import *\nclass B(BalancerBase):\n"
        "    def order(self, client): return [*self.endpoints, *self.endpoints]\n"
        "@hookimpl\ndef sampan_register(registry): registry.balancer('b', B)"
    ),
    "knows_all": (
        "from sampan.plugin import *\nclass M:\n"
        "    def of_pods(self, metric, namespace, pods, selector): return {'x': 'many'}\n"
        "    def of_object(self, metric, namespace, api_version, kind, name, selector): return None\n"
        "    def external(self, metric, namespace, selector): return None\n"
        "@hookimpl\ndef sampan_register(registry): registry.metrics_provider('m', M)"
    ),
    "makes_halves": (
        "from sampan.plugin import *\nclass G:\n"
        "    def objects(self): return [(Namespace, {'metadata': {'name': 'a'}, 'spec': {'sails': 7}})]\n"
        "    def lacking(self, present, wanted): return {'spec': {}}\n"
        "@hookimpl\ndef sampan_register(registry): registry.groundwork('g', lambda context: G())"
    ),
    "of_no_kind": (
        "from sampan.plugin import *\nclass S:\n    interval = 1\n    async def objects(self): return []\n"
        "@hookimpl\ndef sampan_register(registry): registry.source('s', lambda context: S())"
    ),
    "raises": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_filter_nodes(nodes): raise OSError('no fuel')",
    "wrong_answer": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_filter_nodes(nodes): return 'abc'",
    "endless": (
        "from sampan.plugin import *\nclass C(ControllerBase):\n    name = 'c'\n    watches = (Watch(kind=Namespace),)\n"
        "    def reconcile(self, key, state, now):\n        while True: pass\n"
        "@hookimpl\ndef sampan_register(registry): registry.controller('c', lambda context: C())"
    ),
    "restless": (
        "from sampan.plugin import *\nclass C(ControllerBase):\n    name = 'c'\n    watches = (Watch(kind=Namespace),)\n"
        "    def reconcile(self, key, state, now):\n        raise RuntimeError('lost')\n"
        "@hookimpl\ndef sampan_register(registry): registry.controller('c', lambda context: C())"
    ),
}
WORDS = {
    "misspelt": "sampan_regster",
    "signature": "ship",
    "no_plugin": "has no function marked hookimpl",
    "missing": "No module named 'nowhere_to_be_found'",
    "wrong_part": "A has no method",
    "cannot_be_made": "brings a controller 'a' that is none: NoneType",
    "no_balancer": "brings a balancer 'b' that is none: int",
    "names_twice": "the balancer b breaks a promise (each answer names endpoints that there are and each once): assert",
    "knows_all": "the provider of metrics m breaks a promise (a metric that it does not know is for others)",
    "makes_halves": "the groundwork g breaks a promise (its objects are valid and complete)",
    "of_no_kind": "no kind is computed by the source 's'",
    "raises": "failed in sampan_filter_nodes: OSError: no fuel",
    "wrong_answer": "it must return a list of node names or None, not 'abc'",
    "endless": "has not come back from the controller c after 0.5 s",
    "restless": "RuntimeError: lost",
}


@pytest.mark.parametrize("case", WRONG)
def test_check_says_what_is_wrong(
    bare_shell: Shell, tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case == "endless":
        monkeypatch.setattr(patience, "DECISION_LIMIT", 0.5)
        monkeypatch.setattr(patience, "LIMIT", 2.0)
        monkeypatch.setattr(check_plugin, "REST", 1.0)
    (tmp_path / f"{case}.py").write_text(WRONG[case])
    result = bare_shell("plugins", "check", f"{case}.py")
    assert result.code == 1
    assert WORDS[case] in result.out + result.err
    assert "Traceback" not in result.err
