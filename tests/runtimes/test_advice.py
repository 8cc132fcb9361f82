"""What the runtime suite tells somebody who has begun with a runtime: one thing to do, at once."""

from __future__ import annotations

import pytest

HEAD = """
from sampan.core.testing.runtime_contract import RuntimeContract
from sampan.runtimes.simulated.runtime import SimulatedRuntime
"""
SUITE = """
class TestMine(RuntimeContract):
    @classmethod
    def make_runtime(cls, settings):
        return Mine(settings)
"""
BEGUN = {
    "no_methods": (
        "class Mine:\n    def __init__(self, settings): ...\n",
        ["*Mine has no method info(); it has no method capabilities()*", "*What to do: write these next*"],
    ),
    "no_start": (
        "class Mine(SimulatedRuntime):\n    def start(self): raise OSError('no engine')\n",
        ["*OSError: no engine*", "*What to do: start() makes what pods need*"],
    ),
    "no_image": (
        "class Mine(SimulatedRuntime):\n    def image(self, image): return None\n",
        ["*image('sampan-small') knows none*", "*What to do: set the suite's `image`*"],
    ),
    "no_list": (
        "class Mine(SimulatedRuntime):\n    def list_pod_sandboxes(self): return []\n",
        ["*it is not in the list*", "*What to do: run_pod_sandbox() returns a running sandbox*"],
    ),
}


@pytest.mark.parametrize("case", BEGUN)
def test_the_first_thing_that_is_wrong_is_told_with_advice_and_nothing_else(
    pytester: pytest.Pytester, case: str
) -> None:
    code, lines = BEGUN[case]
    pytester.makepyfile(HEAD + code + SUITE)
    ran = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    outcomes = ran.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes.get("errors", 0) == 0
    assert outcomes["skipped"] > 80
    ran.stdout.fnmatch_lines(lines)
