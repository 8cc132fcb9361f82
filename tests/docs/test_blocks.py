"""The Python blocks of the pages for authors are run: those of docs/testing.md as the tests that they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> str:
    return "\n\n".join(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL))


def test_the_tests_of_the_testing_page_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(blocks("testing.md"))
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=4)
