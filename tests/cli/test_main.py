"""The command as a whole: its help, and how every failure ends in one line and exit code 1."""

from __future__ import annotations

import gc
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sampan.cli.garbage import SELDOM
from sampan.cli.main import BUILT_IN
from sampan.core.errors import Conflict, Invalid
from tests.cli.api_server import Server, Shell


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["get", "unicorns"], 'error: the server doesn\'t have a resource type "unicorns"'),
        (["get"], "error: Required resource not specified: name a type such as pods, or a file with -f"),
        (["run", "a"], 'error: required flag(s) "image" not set'),
        (["get", "pods", "-o", "go-template={{.}}"], "error: sampan has no go-template output: write it as"),
        (["get", "pods", "--colour"], "error: No such option"),
        (["get", "pods", "--request-timeout=soon"], "error: Invalid value for '--request-timeout'"),
        (["get", "pods", "--context=none"], "error: context was not found for specified context: none"),
        (["get", "pods", "--server=https://127.0.0.1:1"], "The connection to the server 127.0.0.1:1 was refused"),
        (["create", "-f", "none.yaml"], 'error: the path "none.yaml" does not exist'),
    ],
)
def test_a_failure_is_one_line(shell: Shell, arguments: list[str], line: str) -> None:
    result = shell(*arguments)
    assert result.code == 1
    assert result.out == ""
    assert result.err.startswith(line)
    assert result.err.count("\n") == 1


def test_what_the_server_refuses_is_worded_as_kubectl_does(shell: Shell, server: Server) -> None:
    server.on("POST", "/api/v1/namespaces/default/pods", Invalid('Pod "A" is invalid: bad', kind="Pod", name="A"))
    assert shell("run", "A", "--image=a").err == 'The Pod "A" is invalid: bad\n'
    server.on("GET", "/api/v1/namespaces/default/pods/a", Conflict("it changed"))
    assert shell("get", "pod", "a").err == "Error from server (Conflict): it changed\n"


def test_an_unexpected_error_has_no_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.cli.session.connect", lambda _choices: 1 / 0)
    result = shell("get", "pods")
    assert result.code == 1
    assert result.err == (
        "error: unexpected ZeroDivisionError: division by zero (set SAMPAN_DEBUG=1 for the traceback)\n"
    )


def test_an_unexpected_error_shows_itself_when_asked(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sampan.cli.session.connect", lambda _choices: 1 / 0)
    monkeypatch.setenv("SAMPAN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        shell("get", "pods")


@pytest.mark.parametrize("command", sorted(BUILT_IN))
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    result = shell(command, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: sampan {command}")


def test_help_names_every_command(shell: Shell) -> None:
    out = shell("--help").out
    assert [name for name in BUILT_IN if f"  {name} " not in out] == []


def test_an_unknown_command(shell: Shell) -> None:
    assert shell("frobnicate").err == 'error: unknown command "frobnicate" for "sampan"\n'
    assert shell("gte").err == 'error: unknown command "gte" for "sampan"; did you mean \'get\'?\n'


def test_its_version(shell: Shell) -> None:
    assert shell("--version").out == f"sampan {version('sampan')}\n"


HEAVY = (
    "asyncio", "cattrs", "cryptography", "docker", "httpx", "pluggy", "prometheus_client", "rich", "sampan.core.model",
    "sampan.core.plugins", "uvicorn", "yaml",
)  # fmt: skip


def test_help_imports_little() -> None:
    """What it costs is what it imports: counted, as times depend on what else the machine does."""
    code = "import sys; from sampan.cli.main import run; run(['--help']); print('\\n' + ' '.join(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    modules = out.splitlines()[-1].split()
    assert [name for name in HEAVY if name in modules] == []
    assert len(modules) < 240


def test_options_may_stand_before_the_verb(shell: Shell, server: Server) -> None:
    shell("-n", "sea", "get", "pods")
    assert server.requests[-1].path == "/api/v1/namespaces/sea/pods"


def test_a_listing_imports_nothing_heavy() -> None:
    """Startup is most of what a person waits for."""
    program = (
        "import sys; from sampan.cli.main import run; run(['get', 'pods', '--server=http://127.0.0.1:1']);"
        "print([name for name in ('httpx', 'rich', 'asyncio', 'uvicorn', 'cryptography', 'websockets', 'pluggy')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_end_of_a_cluster_imports_nothing_that_serves_one(tmp_path: Path) -> None:
    program = (
        "import sys; from sampan.cli.main import run; run(['down', '--data-dir', sys.argv[1]]);"
        "print([name for name in ('uvicorn', 'cryptography', 'sampan.core.api', 'sampan.core.node.agent',"
        " 'sampan.core.model.builtin', 'sampan.plugins.controllers', 'sampan.plugins.admission') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_a_process_that_goes_on_looks_for_garbage_among_what_comes_alone() -> None:
    program = """
import gc
from sampan.cli.garbage import collect_what_comes, collecting_nothing
with collecting_nothing():
    print(gc.isenabled())
    collect_what_comes()
    print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", "True True"]


def test_a_start_that_fails_leaves_the_garbage_collector_as_it_was(bare_shell: Shell, tmp_path: Path) -> None:
    result = bare_shell("up", "--data-dir", str(tmp_path / "data"), "--runtime", "no-such-runtime")
    assert "no-such-runtime" in result.err
    assert gc.isenabled()


def test_nothing_is_looked_through_for_garbage_as_a_command_ends() -> None:
    program = (
        "import atexit, gc, sys; from sampan.cli.main import main; sys.argv[1:] = ['--version'];"
        "atexit.register(lambda: print(gc.get_freeze_count() > 20 * len(gc.get_objects()), gc.get_threshold()));"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"True {SELDOM}"


def test_a_cluster_that_starts_imports_nothing_of_what_only_some_use() -> None:
    program = (
        "import sys; from sampan.core.plugin_choice import PluginChoice; from sampan.core.plugins import load_plugins;"
        "load_plugins(PluginChoice()); import sampan.core.cluster.cluster;"
        "print([name for name in ('cel_expr_python', 'docker', 'google.protobuf', 'h2', 'httpx', 'jwt',"
        " 'podman', 're2', 'rich', 'unittest', 'watchdog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
