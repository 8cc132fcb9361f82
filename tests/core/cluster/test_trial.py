"""``auto`` takes a runtime only once it has started a pod here, and says why it has passed others over."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from sampan.core.cluster import trial
from sampan.core.cluster.settle import choose
from sampan.core.cluster.trial import why_no_pods
from sampan.core.contracts.runtime import Runtime, RuntimeFailure, RuntimeSettings, Sandbox
from sampan.core.contracts.runtime_config import SandboxConfig
from sampan.core.errors import ConfigError
from sampan.core.parts import Part
from sampan.core.registry import Registry
from sampan.runtimes.simulated.runtime import SimulatedRuntime


class Engine(SimulatedRuntime):
    """Answers whatever it is asked, and starts pods or fails with ``failure``."""

    failure: Exception | None = None
    tried = 0
    left: ClassVar[set[str]] = set()
    """The clusters that have something on it."""

    def __init__(self, settings: RuntimeSettings) -> None:
        super().__init__(settings)
        self.cluster = settings.cluster

    def start(self) -> None:
        self.left.add(self.cluster)
        super().start()

    def run_pod_sandbox(self, config: SandboxConfig) -> Sandbox:
        type(self).tried += 1
        if self.failure is not None:
            raise self.failure
        return super().run_pod_sandbox(config)

    def destroy(self) -> None:
        self.left.discard(self.cluster)
        super().destroy()


def engine(failure: Exception | None = None) -> type[Engine]:
    return type("Engine", (Engine,), {"failure": failure, "tried": 0, "left": set()})


def registry(**makers: Callable[[RuntimeSettings], Runtime]) -> Registry:
    made = Registry()
    for rank, (name, make) in enumerate(makers.items()):
        made.runtime(name, make, rank=rank)
    return made


@pytest.fixture
def passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "runtimes.json"
    monkeypatch.setattr(trial, "default_passed", lambda: path)
    return path


def auto(made: Registry) -> tuple[str, str]:
    return choose(made.runtimes, "auto", "", why_no_pods)


@pytest.mark.parametrize("failure", [RuntimeFailure("crun: unknown version"), ValueError("crun: unknown version")])
def test_an_engine_that_starts_no_pod_is_passed_over_with_its_own_words(passed: Path, failure: Exception) -> None:
    broken, sound = engine(failure), engine()
    name, why = auto(registry(broken=broken, sound=sound))
    assert name == "sound"
    assert "broken: it cannot start a pod: " in why
    assert "crun: unknown version" in why
    assert broken.left == sound.left == set(), "nothing of the trial stays"


def test_one_that_cannot_even_be_made_is_passed_over_too(passed: Path) -> None:
    def refuses(settings: RuntimeSettings) -> Runtime:
        raise ConfigError("it does not answer; start it")

    assert auto(registry(refuses=refuses, sound=engine())) == (
        "sound",
        "the first available; refuses: it does not answer; start it",
    )


def test_where_none_starts_a_pod_each_reason_is_told(passed: Path) -> None:
    with pytest.raises(ConfigError, match=r"no runtime can work here: one: it cannot start a pod: no; two: .* never"):
        auto(registry(one=engine(RuntimeFailure("no")), two=engine(RuntimeFailure("never"))))


def test_one_that_has_passed_is_not_tried_again_before_the_machine_has_started_anew(passed: Path) -> None:
    sound = engine()
    assert [auto(registry(sound=sound))[0] for _ in range(3)] == ["sound"] * 3
    assert sound.tried == 1
    passed.write_text(json.dumps({"sound": "another boot"}))
    auto(registry(sound=sound))
    assert sound.tried == 2


def test_one_that_failed_is_tried_again_as_it_may_have_been_mended(passed: Path) -> None:
    broken = engine(RuntimeFailure("no"))
    for _ in range(2):
        auto(registry(broken=broken, sound=engine()))
    assert broken.tried == 2


@pytest.mark.parametrize("kept", ["", "[]", "{"])
def test_what_was_kept_may_be_nonsense(passed: Path, kept: str) -> None:
    passed.parent.mkdir()
    passed.write_text(kept)
    assert auto(registry(sound=engine()))[0] == "sound"


def test_what_is_asked_for_by_name_or_settled_is_not_tried(passed: Path) -> None:
    broken = engine(RuntimeFailure("no"))
    made = registry(broken=broken)
    assert choose(made.runtimes, "broken", "", why_no_pods) == ("broken", "asked for")
    assert choose(made.runtimes, "auto", "broken", why_no_pods) == ("broken", "as before")
    assert broken.tried == 0


def test_a_part_is_all_that_a_trial_needs(tmp_path: Path) -> None:
    part: Part[Runtime] = next(iter(registry(sound=engine()).runtimes))
    assert why_no_pods(part, tmp_path / "no" / "such" / "folder" / "runtimes.json") is None
