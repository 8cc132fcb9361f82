"""What is registered is held against its contract: the author is told who is wrong, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sampan.core.contracts.scheduler_plugin import SchedulerPluginBase
from sampan.core.errors import ConfigError, Forbidden
from sampan.core.plugins import load_plugins
from sampan.core.registry import Registry
from tests.support.plugins import loaded, plugin


class NotAStore:
    """Lacks everything."""


class Halfway(SchedulerPluginBase):
    name = "halfway"

    def score(self, pod: object) -> float:  # type: ignore[override]
        return 0.0


class Plain:
    """An admission whose methods are no coroutines."""

    name = "plain"
    order = 1

    def mutate(self, request: object) -> None: ...

    async def validate(self, request: object) -> None: ...


class Nameless:
    """A controller that does not say its name."""

    watches = ()

    def reconcile(self, key: object, state: object, now: object) -> None: ...


class Text:
    name = "text"
    watches = ()
    reconcile = "soon"


WRONG: list[tuple[Callable[[Registry], Any], str]] = [
    (lambda r: r.store("x", NotAStore), "brings a store 'x' that is none: NotAStore has no method "),  # type: ignore[arg-type]
    (
        lambda r: r.scheduler_plugin("x", Halfway),  # type: ignore[arg-type]
        "Halfway has a score that cannot be called as score(pod, node, state)",
    ),
    (lambda r: r.admission("x", Plain), "Plain has a plain mutate: it is awaited, so write `async def`"),  # type: ignore[arg-type]
    (lambda r: r.controller("x", Text), "Text has reconcile, which is no method"),  # type: ignore[arg-type]
    (lambda r: r.controller("x", None), "registers None as the controller 'x': give the class or a function"),  # type: ignore[arg-type]
    (lambda r: r.runtime("", NotAStore), "names a runtime '': a name is a text without spaces"),  # type: ignore[arg-type]
    (lambda r: r.runtime(7, NotAStore), "names a runtime 7: a name is a text without spaces"),  # type: ignore[arg-type]
    (lambda r: r.kind(NotAStore), "NotAStore'> as a kind: decorate the class with @kind"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("register", "words"), WRONG)
def test_a_wrong_part_is_refused_when_it_is_registered(register: Callable[[Registry], Any], words: str) -> None:
    def sampan_register(registry: Registry) -> None:
        register(registry)

    with pytest.raises(ConfigError) as refused:
        loaded(mine=plugin(sampan_register=sampan_register))
    assert "the plugin 'mine' " in str(refused.value)
    assert words in str(refused.value)


def fails(_context: object) -> object:
    raise KeyError("fuel")


def forbids(_context: object) -> object:
    raise Forbidden("not here")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _context: NotAStore(), "brings a controller 'x' that is none: NotAStore has no method reconcile("),
        (Nameless, "cannot make its controller 'x': TypeError: Nameless() takes no arguments"),
        (lambda _context: Nameless(), "Nameless has no attribute name"),
        (lambda: None, "cannot make its controller 'x': TypeError"),
        (fails, "cannot make its controller 'x': KeyError: 'fuel'"),
    ],
)
def test_a_wrong_part_is_refused_when_it_is_made(make: Callable[..., Any], words: str) -> None:
    registry = Registry()
    registry.plugin = "mine"
    registry.controller("x", make)
    with pytest.raises(ConfigError) as refused:
        registry.controllers.find("x").make(object())
    assert "the plugin 'mine' " in str(refused.value)
    assert words in str(refused.value)


def test_an_error_in_sampans_words_is_passed_on() -> None:
    registry = Registry()
    registry.controller("x", forbids)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        registry.controllers.find("x").make(object())


def test_what_sampan_brings_itself_fits_its_contracts() -> None:
    assert [part.name for part in load_plugins().registry.stores] == ["memory", "sqlite"]


def test_every_sort_of_part_names_a_contract_that_is_there() -> None:
    registry = Registry()
    assert len(registry.all_parts()) >= 12
    assert all(isinstance(parts.contract, type) for parts in registry.all_parts())
