"""A class is an attrs class, whichever of its methods is looked for first, and nothing is made before that."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import pytest

from sampan.core.classes import FEW, define, frozen, has_fields, is_complete
from sampan.core.model.meta import model, wire

T = TypeVar("T")


def fresh() -> Any:
    @model
    class Base:
        kinds: ClassVar[int] = 1
        name: str = wire(default="", doc="its name")

        def greet(self) -> str:
            return f"I am {self.name}"

    @model
    class Boat(Base):
        masts: int = 2
        crew: tuple[str, ...] = attrs.field(factory=tuple)
        port: str = wire()

        def greet(self) -> str:
            return super().greet() + f" of {self.port}"

    return Boat


@pytest.mark.parametrize(
    "use",
    [
        lambda cls: [field.name for field in attrs.fields(cls)] == ["name", "masts", "crew", "port"],
        attrs.has,
        lambda cls: repr(cls(port="Hull")).endswith("Boat(name='', masts=2, crew=(), port='Hull')"),
        lambda cls: cls(port="Hull") == cls(port="Hull", masts=2) != cls(port="Hull", masts=3),
        lambda cls: len({cls(port="Hull"), cls(port="Hull"), cls(port="Rye")}) == 2,
        lambda cls: attrs.evolve(cls(port="Hull"), name="x").greet() == "I am x of Hull",
        lambda cls: copy.deepcopy(cls(port="Hull")) == cls(port="Hull"),
        lambda cls: cls.kinds == 1 and not hasattr(cls(port="Hull"), "__dict__"),
    ],
)
def test_whatever_is_asked_first_finds_the_whole_class(use: Any) -> None:
    assert use(fresh())


def test_nothing_is_made_of_a_class_that_nobody_uses() -> None:
    cls = fresh()
    assert [has_fields(each) for each in (cls, tuple[str], str)] == [True, False, False]
    assert not is_complete(cls)
    assert attrs.fields(cls)
    assert is_complete(cls)


def plain() -> Any:
    @frozen
    class Plain:
        port: str
        _masts: int = 2
        crew: tuple[str, ...] = ()

    return Plain


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (("Hull",), {}),
        (("Hull", 3), {}),
        (("Hull", 3), {"crew": ("Ann",)}),
        ((), {"port": "Hull", "masts": 3}),
    ],
)
def test_a_few_objects_are_as_attrs_fills_them_but_need_nothing_made(arguments: Any, values: Any) -> None:
    cls, whole = plain(), plain()
    assert attrs.fields(whole)
    expected = whole(*arguments, **values)
    made = [cls(*arguments, **values) for _ in range(FEW)]
    assert not is_complete(cls)
    made.append(cls(*arguments, **values))
    assert is_complete(cls)
    assert {(each.port, each._masts, each.crew) for each in made} == {(expected.port, expected._masts, expected.crew)}
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ((), {}),
        ((), {"masts": 2}),
        (("Hull",), {"port": "Hull"}),
        (("Hull",), {"sails": 2}),
        (("Hull",), {"_masts": 2}),
        (("Hull", 2, (), 4), {}),
    ],
)
def test_a_first_object_is_refused_in_the_words_of_attrs(arguments: Any, values: Any) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\)"):
        plain()(*arguments, **values)


def test_fields_by_name_alone_stay_so_in_a_class_that_inherits_them() -> None:
    @frozen(kw_only=True)
    class Base:
        name: str = ""

    @frozen
    class Boat(Base):
        port: str = ""

    with pytest.raises(TypeError):
        Boat("Hull", "Rye")  # type: ignore[call-arg]
    assert Boat("Hull", name="x") == Boat(port="Hull", name="x")


def test_an_object_of_defaults_alone_needs_nothing_made() -> None:
    @model
    class Plain:
        name: str = wire(default="x")
        size: int = 3

    made = Plain()
    assert (made.name, made.size, is_complete(Plain)) == ("x", 3, False)
    assert made == Plain(name="x")


def test_arguments_are_checked_as_by_attrs() -> None:
    for values in ({}, {"port": "Hull", "sails": 2}):
        with pytest.raises(TypeError):
            fresh()(**values)
    with pytest.raises(TypeError):
        fresh()("Hull")


def test_an_object_is_frozen() -> None:
    made = fresh()(port="Hull")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.port = "Rye"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del made.port


def test_own_methods_stay() -> None:
    @model
    class Shy:
        name: str = ""

        def __repr__(self) -> str:
            return "?"

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    assert repr(Shy(name="x")) == "?"
    assert Shy(name="x") == Shy(name="y")
    with pytest.raises(TypeError):
        hash(Shy())


@model
class Kept:
    name: str = ""


def test_objects_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(name="x"))) == Kept(name="x")


def test_many_threads_make_one_class() -> None:
    cls = fresh()
    start = threading.Barrier(8)
    seen: list[Any] = []

    def use() -> None:
        start.wait()
        seen.append(attrs.fields(cls))
        seen.append(attrs.fields(cls) if cls(port="Hull") == cls(port="Hull") else None)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(fields) for fields in seen}) == 1


def test_a_class_that_is_not_frozen_can_be_changed_and_not_hashed() -> None:
    @define
    class Counter:
        count: int = 0
        _hidden: int = 2
        seen: list[int] = attrs.field(factory=list, eq=False, repr=False)

        def __attrs_post_init__(self) -> None:
            self.seen.append(self.count)

    made = Counter(1, hidden=5)
    assert made.seen == [1]
    assert made == Counter(1, 5)
    assert repr(made).endswith("Counter(count=1, _hidden=5)")
    made.count = 2
    assert made != Counter(1, 5)
    with pytest.raises(TypeError):
        hash(made)
    with pytest.raises(AttributeError):
        made.other = 1  # type: ignore[attr-defined]


def test_a_class_may_be_generic() -> None:
    @frozen
    class Box(Generic[T]):
        inside: T

    assert Box[int](3) == Box(3)


def test_without_eq_an_object_is_only_itself() -> None:
    @define(eq=False)
    class Thing:
        name: str = ""

    one = Thing("x")
    assert one != Thing("x")
    assert len({one, Thing("x")}) == 2
