"""Plugins: found through the entry-point group, registered by name, and chosen at start-up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from sampan.core import hooks
from sampan.core.errors import ConfigError
from sampan.core.plugins import PluginChoice, load_plugins
from sampan.core.registry import Registry
from tests.support.plugins import loaded, plugin


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder with an installed distribution that brings a plugin."""
    (tmp_path / "boats.py").write_text(
        "from sampan.core.hooks import hookimpl\n"
        "@hookimpl\n"
        "def sampan_register(registry):\n"
        "    registry.store('boats', lambda url: None)\n"
    )
    info = tmp_path / "boats-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boats\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sampan]\nboats = boats\n")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    sys.modules.pop("boats", None)


def entry_points_of(folder: Path) -> Callable[[], list[metadata.EntryPoint]]:
    def find() -> list[metadata.EntryPoint]:
        found = metadata.distributions(path=[str(folder)])
        return [entry for distribution in found for entry in distribution.entry_points if entry.group == "sampan"]

    return find


def test_an_outside_plugin_is_found_in_a_folder_and_its_part_is_there(outside: Path) -> None:
    plugins = load_plugins(entry_points=entry_points_of(outside))
    assert [part.name for part in plugins.registry.stores] == ["boats"]
    assert [(each.name, each.source) for each in plugins.loaded] == [("boats", "boats: boats")]


def test_who_serves_no_api_is_given_what_acts_on_the_host_as_everybody_is(outside: Path) -> None:
    all_there_is, host = load_plugins().registry, load_plugins(host_only=True).registry
    for sort in ("runtimes", "volume_drivers", "provisioners", "csi_drivers", "proxies", "policy_enforcers", "balancers",
                 "name_servers", "http_routers"):  # fmt: skip
        assert [part.name for part in getattr(host, sort)] == [part.name for part in getattr(all_there_is, sort)], sort
    assert (list(host.controllers), dict(host.kinds)) == ([], {})
    plugins = load_plugins(entry_points=entry_points_of(outside), host_only=True)
    assert [part.name for part in plugins.registry.stores] == ["boats"], "others register what they have"


def test_a_blocked_plugin_is_not_loaded(outside: Path) -> None:
    plugins = load_plugins(PluginChoice(blocked=frozenset({"boats"})), entry_points=entry_points_of(outside))
    assert list(plugins.registry.stores) == []
    assert [(each.name, each.blocked) for each in plugins.loaded] == [("boats", True)]


def test_a_plugin_that_cannot_be_imported_is_named(outside: Path) -> None:
    (outside / "boats.py").write_text("import nowhere_to_be_found")
    with pytest.raises(
        ConfigError,
        match=r"'boats' \(boats: boats\) cannot be loaded: No module named .* \(leave it out with --block-plugin boats\)",
    ):
        load_plugins(entry_points=entry_points_of(outside))


def test_a_misspelt_hook_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'mine' does not fit sampan's hooks.*sampan_regster"):
        loaded(mine=plugin(sampan_regster=lambda: None))


def test_a_hook_with_an_unknown_argument_is_refused() -> None:
    def sampan_cluster_starting(fleet: str) -> None: ...

    with pytest.raises(ConfigError, match="'mine' does not fit"):
        loaded(mine=plugin(sampan_cluster_starting=sampan_cluster_starting))


def test_a_plugin_that_fails_to_register_stops_the_start_with_its_name() -> None:
    def sampan_register(registry: Registry) -> None:
        raise ValueError("no boats")

    with pytest.raises(ConfigError, match="'mine' failed to register: no boats"):
        loaded(mine=plugin(sampan_register=sampan_register))


def test_two_parts_of_one_name_are_refused_whoever_comes_first() -> None:
    def sampan_register(registry: Registry) -> None:
        registry.store("tank", lambda url: None)  # type: ignore[arg-type, return-value]

    with pytest.raises(ConfigError, match="two plugins bring a store named 'tank'"):
        loaded(a=plugin(sampan_register=sampan_register), b=plugin(sampan_register=sampan_register))


def parts_with(*ranked: tuple[str, int | None, str | None]) -> Registry:
    registry = Registry()
    for name, rank, reason in ranked:
        registry.runtime(name, lambda settings: None, rank=rank, unavailable=lambda reason=reason: reason)  # type: ignore[arg-type, return-value, misc]
    return registry


def test_auto_takes_the_first_available_by_rank_and_says_why() -> None:
    registry = parts_with(("zebra", 1, "no stripes"), ("ant", 3, None), ("bee", 2, None), ("toy", None, None))
    part, why = registry.runtimes.choose("auto")
    assert part.name == "bee"
    assert why == "the first available; zebra: no stripes"


def test_auto_with_nothing_available_tells_each_reason() -> None:
    with pytest.raises(ConfigError, match="no runtime can work here: zebra: no stripes"):
        parts_with(("zebra", 1, "no stripes"), ("toy", None, None)).runtimes.choose("auto")


def test_an_unknown_name_lists_the_names_there_are() -> None:
    with pytest.raises(ConfigError, match="no runtime named 'cow': there are ant, zebra"):
        parts_with(("zebra", 1, None), ("ant", 2, None)).runtimes.choose("cow")


def test_what_is_asked_for_and_cannot_work_is_an_error_not_another_choice() -> None:
    with pytest.raises(ConfigError, match="'zebra' cannot work here: no stripes"):
        parts_with(("zebra", 1, "no stripes"), ("ant", 2, None)).runtimes.choose("zebra")


def test_every_hook_is_documented() -> None:
    specs = [value for name, value in vars(hooks).items() if name.startswith("sampan_")]
    assert len(specs) >= 13
    assert [spec.__name__ for spec in specs if not (spec.__doc__ or "").strip()] == []


def installed(folder: Path, distribution: str, name: str, module: str, code: str) -> None:
    """Another distribution that brings a plugin."""
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[sampan]\n{name} = {module}\n")


def test_two_plugins_of_one_name_are_both_loaded_each_under_its_own(outside: Path) -> None:
    installed(outside, "arks", "boats", "arks", "")
    plugins = load_plugins(entry_points=entry_points_of(outside))
    assert sorted((each.name, each.source) for each in plugins.loaded) == [
        ("boats", "arks: arks"),
        ("boats@boats", "boats: boats"),
    ]
    assert [part.plugin for part in plugins.registry.stores] == ["boats@boats"]


def test_a_plugin_named_as_the_built_in_ones_replaces_none_of_them(outside: Path) -> None:
    installed(outside, "pirates", "plugins", "pirates", "")
    plugins = load_plugins()  # the folder is on the path
    assert {"plugins", "plugins@pirates", "boats"} <= {each.name for each in plugins.loaded}
    assert {part.plugin for part in plugins.registry.controllers} == {"plugins"}


@pytest.mark.parametrize(
    "code",
    [
        "import nowhere_to_be_found",
        "import sys; sys.exit(3)",
        "def broken(:",
        "from sampan.core.hooks import hookimpl\n@hookimpl\ndef sampan_regster(registry): ...",
        "from sampan.core.hooks import hookimpl\n@hookimpl\nasync def sampan_register(registry): ...",
        "from sampan.core.hooks import hookimpl\n@hookimpl(hookwrapper=True)\ndef sampan_register(registry): yield",
        "from sampan.core.hooks import hookimpl\n@hookimpl\ndef sampan_register(registry):\n"
        "    registry.store('half', lambda url: None)\n    raise OSError('no fuel')",
    ],
)
def test_a_broken_plugin_is_left_out_whole_where_commands_must_work(outside: Path, code: str) -> None:
    (outside / "boats.py").write_text(code)
    with pytest.raises(ConfigError, match=r"'boats'.*--block-plugin boats"):
        load_plugins(entry_points=entry_points_of(outside))
    sys.modules.pop("boats", None)
    plugins = load_plugins(entry_points=entry_points_of(outside), leave_out_broken=True)
    assert [each.name for each in plugins.loaded if each.problem] == ["boats"]
    assert list(plugins.registry.stores) == []


def test_names_to_block_come_from_the_environment_too(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPAN_BLOCK_PLUGINS", "other, boats")
    plugins = load_plugins(entry_points=entry_points_of(outside))
    assert [(each.name, each.blocked) for each in plugins.loaded] == [("boats", True), ("other", True)]


def test_a_plugin_tells_which_hooks_it_implements(outside: Path) -> None:
    plugins = load_plugins(entry_points=entry_points_of(outside))
    assert [each.hooks for each in plugins.loaded] == [("sampan_register",)]
    assert [tally.calls for (_, hook), tally in plugins.account.tallies().items() if hook == "sampan_register"] == [1]
