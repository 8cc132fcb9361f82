"""The Python blocks of the pages for authors are run: those of docs/testing.md as the tests that they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sampan.cli.lifecycle.new_plugin import files
from sampan.cli.main import run

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> str:
    return "\n\n".join(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL))


def test_the_tests_of_the_testing_page_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(blocks("testing.md"))
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:schemathesis")
    result.assert_outcomes(passed=4)


def test_the_first_plugin_is_the_template_and_check_says_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "first-plugin.md").read_text()
    written = dict(files("ferry", "score"))
    assert f"```python\n{written['ferry.py']}```" in page
    assert f"```python\n{written['test_ferry.py']}```" in page
    (tmp_path / "ferry.py").write_text(written["ferry.py"])
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()
    assert run(["plugins", "check", "./ferry.py"]) == 0
    assert f"```text\n{capfd.readouterr().out}```" in page
