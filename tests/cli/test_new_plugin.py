"""`sampan plugins new`: what it writes for each sort passes its own test, and is installed like any plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sampan.cli.lifecycle.new_plugin import SORTS
from tests.cli.api_server import Shell


def test_every_template_passes_its_own_test(bare_shell: Shell, tmp_path: Path) -> None:
    for sort in SORTS:
        result = bare_shell("plugins", "new", f"my-{sort}", "--kind", sort)
        assert (result.code, result.err) == (0, "")
        assert f"my-{sort}/my_{sort}.py" in result.out
    folders = [tmp_path / f"my-{sort}" for sort in SORTS]
    # One process for all: what takes long is importing sampan.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend", *folders]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    checked = [bare_shell("plugins", "check", f"my-{sort}/my_{sort}.py") for sort in SORTS]
    assert [result.code for result in checked] == [0] * len(SORTS), [result.out + result.err for result in checked]


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
    "raises": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_filter_nodes(nodes): raise OSError('no fuel')",
    "wrong_answer": "from sampan.plugin import hookimpl\n@hookimpl\ndef sampan_filter_nodes(nodes): return 'abc'",
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
    "raises": "failed in sampan_filter_nodes: OSError: no fuel",
    "wrong_answer": "it must return a list of node names or None, not 'abc'",
    "restless": "RuntimeError: lost",
}


@pytest.mark.parametrize("case", WRONG)
def test_check_says_what_is_wrong(bare_shell: Shell, tmp_path: Path, case: str) -> None:
    (tmp_path / f"{case}.py").write_text(WRONG[case])
    result = bare_shell("plugins", "check", f"{case}.py")
    assert result.code == 1
    assert WORDS[case] in result.out + result.err
    assert "Traceback" not in result.err
