"""Several schedulers from the configuration."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.contracts.scheduler import Placed
from sampan.core.errors import ConfigError
from sampan.core.plugin_choice import PluginChoice
from sampan.core.plugins import load_plugins
from sampan.plugins.schedulers.profiles import SchedulerProfile
from sampan.plugins.schedulers.resources import NodeResourcesFit
from sampan.plugins.schedulers.taints import TaintToleration
from tests.plugins.schedulers.cases import node, pod, state

TAINTED = node("a", taints=[{"key": "k", "effect": "NoSchedule"}])
CONCERNS = (TaintToleration(), NodeResourcesFit())


def configured(*profiles: dict[str, Any]) -> Any:
    return load_plugins(PluginChoice(settings={"plugins": {"schedulers": list(profiles)}}))


def test_profiles_are_schedulers_by_name() -> None:
    plugins = configured({"name": "bold", "without": ["TaintToleration"], "weights": {"ImageLocality": 5}})
    try:
        assert [part.name for part in plugins.registry.schedulers] == ["bold", "default-scheduler"]
        concerns = [part.make() for part in plugins.registry.scheduler_plugins]
        made = plugins.registry.schedulers.find("bold").make(concerns)
        assert made.name == "bold"
        assert made.place(pod(), state(TAINTED)) == Placed(node="a")
    finally:
        plugins.close()


def test_the_default_scheduler_may_be_another() -> None:
    plugins = configured({"name": "default-scheduler", "weights": {"ImageLocality": 0}})
    try:
        assert [part.name for part in plugins.registry.schedulers] == ["default-scheduler"]
    finally:
        plugins.close()


def test_a_weight_of_one_profile_is_not_anothers() -> None:
    SchedulerProfile(name="other", weights={"TaintToleration": 9}).make(CONCERNS)
    assert CONCERNS[0].weight != 9


def test_a_concern_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match="'bold' names a plugin 'Tides': there are NodeResourcesFit, TaintToleration"):
        SchedulerProfile(name="bold", without=("Tides",)).make(CONCERNS)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two schedulers of the configuration are called 'bold'"):
        configured({"name": "bold"}, {"name": "bold"})
