"""The configuration file: defaults of `up`, and what it says about plugins, typed and checked."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from sampan.cli.configuration import configured_options, configured_plugins
from sampan.core.errors import ConfigError
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from tests.cli.api_server import Shell
from tests.support.plugins import plugin


@pytest.fixture
def written(bare_shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.yaml"
    monkeypatch.setenv("SAMPAN_CONFIG", str(path))
    return path


def test_it_names_plugins_to_load_and_to_block_with_their_settings(written: Path) -> None:
    written.write_text(
        "runtime: podman\nservice-cidr: 10.5.0.0/16\n"
        "plugins:\n  ferry: {file: ./ferry.py, settings: {speed: 3}}\n  boats: {block: true}\n  idle:\n"
    )
    assert configured_options() == {"runtime": "podman", "service_cidr": "10.5.0.0/16"}
    assert configured_plugins() == PluginChoice(
        files=(str(written.parent / "ferry.py"),), blocked=frozenset({"boats"}), settings={"ferry": {"speed": 3}}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plugins: [a]", "plugins must be a mapping"),
        ("plugins: {a: 3}", "plugins.a must be a mapping with any of file, block, settings"),
        ("plugins: {a: {speed: 3}}", "plugins.a has no 'speed': there are file, block, settings"),
        ("- a", "is no configuration"),
        ("a: [", "cannot read the configuration"),
    ],
)
def test_what_is_wrong_is_said_and_keeps_no_other_command_from_working(
    written: Path, bare_shell: Shell, text: str, words: str
) -> None:
    written.write_text(text)
    with pytest.raises(ConfigError, match=words):
        configured_plugins()
    assert words in bare_shell("up", "--runtime", "simulated").err
    assert bare_shell("--help").code == 0


def test_an_option_that_up_has_not_is_named(written: Path, bare_shell: Shell) -> None:
    written.write_text("runtiem: docker")
    result = bare_shell("up")
    assert (
        result.err
        == "error: the configuration has the option 'runtiem', which `sampan up` has not; did you mean 'runtime'?\n"
    )


def test_its_options_are_defaults(written: Path, bare_shell: Shell) -> None:
    written.write_text("runtime: simulated\npod-cidr: ten")
    assert bare_shell("up").err.startswith("error: 'ten' cannot be the range of pod addresses")


@attrs.frozen
class Engine:
    power: float = 1


@attrs.frozen
class Ferry:
    name: str
    speed: int = 3
    engines: tuple[Engine, ...] = ()


def settings(**given: object) -> Ferry:
    found: list[Ferry] = []

    def sampan_register(registry: Registry) -> None:
        found.append(registry.settings(Ferry))

    choice = PluginChoice(settings={"ferry": given})
    load_plugins(choice, extra=[("ferry", plugin(sampan_register=sampan_register))], entry_points=lambda: ())
    return found[0]


def test_settings_come_as_the_plugins_own_type() -> None:
    assert settings(name="tug", engines=[{"power": 2}]) == Ferry(name="tug", engines=(Engine(power=2.0),))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "tug", "sped": 4}, r"there is no setting 'sped' \(there are name, speed, engines\)"),
        ({"name": "tug", "speed": "4"}, "'4' is not of type int @ plugins.ferry.settings.speed"),
        ({"name": "tug", "speed": True}, "True is not of type int"),
        ({"name": "tug", "engines": [{"power": "much"}]}, r"engines\[0\].power"),
        ({}, "the setting 'name' is missing"),
    ],
)
def test_wrong_settings_are_named_one_and_all(given: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=f"wrong settings of the plugin 'ferry': .*{words}"):
        settings(**given)


@pytest.mark.parametrize(
    ("name", "words"), [("ferry", "takes no settings"), ("fery", r"is not loaded \(there are ferry\)")]
)
def test_settings_that_nobody_reads_are_a_mistake(name: str, words: str) -> None:
    choice = PluginChoice(settings={name: {"a": 1}})
    with pytest.raises(ConfigError, match=f"settings for the plugin '{name}', which {words}"):
        load_plugins(choice, extra=[("ferry", plugin())], entry_points=lambda: ())
