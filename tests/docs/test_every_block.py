"""Which block of the pages is run by what: a block that nobody runs has to be here, with the reason.

Python blocks and files are run, or are what is run elsewhere; the commands of shell blocks exist (`test_pages`), and are
typed where a cluster of a test can stand for the reader's.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from sampan.plugin import hookimpl

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCKS = {
    "access.md": {"console": 7},  # test_shell_blocks types three; a certificate, a node and files of `up` are not typed
    "admission.md": {"yaml": 1, "console": 1},  # test_shell_blocks
    # test_custom_resources runs the first definition; the status of one is patched in tests/core/api/test_definition_status
    "custom-resources.md": {"yaml": 2, "python": 1, "console": 3},
    "first-plugin.md": {"console": 3, "python": 2, "text": 1},  # test_blocks; tests/cli/test_new_plugin
    "hooks.md": {"python": 14},  # written from the code
    "how-to.md": {"console": 12, "python": 24},  # written from the templates, which tests/cli/test_new_plugin runs
    "ingress.md": {"console": 3},  # test_author_pages, tests/scenarios/test_ingress
    "operating.md": {
        "console": 2,
        "yaml": 2,
        "": 1,
    },  # the settings below; tests/scenarios/test_dns; resize: test_resize
    "operator-tests.md": {"console": 3, "python": 2},  # test_author_pages, tests/operators/test_examples
    "parts.md": {"python": 22},  # written from the code
    "plugins.md": {"python": 3, "toml": 1, "yaml": 1},  # below
    "testing.md": {"python": 4},  # test_blocks
}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}(?: [^\n]*)?\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", sorted(each.name for each in DOCS.glob("*.md")))
def test_a_new_block_says_who_runs_it(page: str) -> None:
    opening = re.findall(r"^ *```(\w*)[^\n]*\n.*?^ *```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
    assert Counter(opening) == BLOCKS.get(page, {})


def test_the_outside_plugin_of_the_page_is_the_example() -> None:
    boats = ROOT / "examples" / "boats"
    assert blocks("plugins.md", "python")[0] in (boats / "sampan_boats.py").read_text()
    assert blocks("plugins.md", "toml")[0] in (boats / "pyproject.toml").read_text()


def test_settings_are_given_typed_as_the_page_says() -> None:
    given = yaml.safe_load(blocks("plugins.md", "yaml")[0])["plugins"]["boats"]["settings"]
    read: list[Any] = []
    names: dict[str, Any] = {"attrs": attrs, "hookimpl": hookimpl, "Registry": Registry}
    exec(blocks("plugins.md", "python")[1], names)
    settings = names["Settings"]

    class Boats:
        @hookimpl
        def sampan_register(self, registry: Registry) -> None:
            read.append(registry.settings(settings))

    load_plugins(PluginChoice(settings={"boats": given}), extra=[("boats", Boats())]).close()
    assert [each.harbours for each in read] == [3]


@pytest.mark.parametrize("block", blocks("operating.md", "yaml"))
def test_settings_of_sampans_own_plugins_are_taken(block: str) -> None:
    settings = {name: of["settings"] for name, of in yaml.safe_load(block)["plugins"].items()}
    load_plugins(PluginChoice(settings=settings)).close()


SUITE = """
from pathlib import Path

from sampan.core.store.contract import Store
from sampan.core.testing.store_contract import StoreContract
from sampan.plugins.stores.memory import open_memory


def open_mine(url: str) -> Store:
    return open_memory("memory:")


"""


def test_a_suite_is_subclassed_as_the_page_says(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE + blocks("plugins.md", "python")[2])
    ran = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    outcomes = ran.parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] > 20
