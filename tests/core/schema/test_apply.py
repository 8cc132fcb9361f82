"""What an apply does to an object and to everybody's fields, on types alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.schema.applied import applied_fields, problems, reconciled
from sampan.core.schema.apply import Conflicts, NotApplicable, Write
from sampan.core.schema.comparison import compare
from sampan.core.schema.custom import type_from
from sampan.core.schema.field_sets import FieldSet, difference, path_text, paths_of, set_of, union
from sampan.core.schema.ownership import APPLY, MAX_UPDATERS, UPDATE, Entries, Entry, Operation, capped, owner_of
from sampan.core.schema.structured_merge import merge, remove
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

TEXT = {"type": "string"}
KIND = type_from(
    {
        "type": "object",
        "properties": {
            "text": TEXT,
            "count": {"type": "integer"},
            "labels": {"type": "object", "additionalProperties": TEXT},
            "set": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            "atomic": {"type": "array", "items": TEXT},
            "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": TEXT, "b": TEXT}},
            "ports": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                "items": {
                    "type": "object",
                    "properties": {
                        "port": {"type": "integer"},
                        "protocol": {"type": "string", "default": "TCP"},
                        "name": TEXT,
                    },
                },
            },
            "deep": {"type": "object", "properties": {"inner": {"type": "object", "properties": {"x": TEXT}}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
)
LETTERS = st.sampled_from("abc")
PORTS = st.lists(
    st.fixed_dictionaries({"port": st.integers(1, 3)}, optional={"protocol": st.just("UDP"), "name": LETTERS}),
    min_size=1,  # nobody owns an empty list whose items are owned one by one
    max_size=3,
    unique_by=lambda item: (item["port"], item.get("protocol", "TCP")),
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "text": LETTERS,
        "count": st.integers(0, 2),
        "labels": st.dictionaries(LETTERS, LETTERS, max_size=3),
        "set": st.lists(LETTERS, min_size=1, max_size=3, unique=True),
        "atomic": st.lists(LETTERS, max_size=2),
        "whole": st.dictionaries(st.sampled_from("ab"), LETTERS, max_size=2),
        "ports": PORTS,
        "deep": st.one_of(st.just({}), st.builds(lambda x: {"inner": {"x": x}}, LETTERS)),
        "free": st.dictionaries(LETTERS, st.one_of(LETTERS, st.dictionaries(LETTERS, LETTERS, max_size=2)), max_size=2),
    },
)
STEPS = st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), CONFIGS), min_size=1, max_size=6)


@attrs.frozen
class OneVersion:
    kind: Type = KIND

    def type_of(self, version: str) -> Type | None:
        return self.kind if version == "v1" else None

    def convert(self, obj: Mapping[str, Any], version: str) -> Mapping[str, Any]:
        return obj


@attrs.define
class Thing:
    """An object, and who owns what of it."""

    obj: Mapping[str, Any] = attrs.field(factory=dict)
    entries: Entries = attrs.field(factory=dict)
    time: int = 0

    def write(self, manager: str, operation: Operation) -> Write:
        self.time += 1
        owner = owner_of(manager, operation, "v1", "")
        return Write(owner=owner, version="v1", time=f"{self.time:03}", versions=OneVersion(), empty={})

    def apply(self, manager: str, config: Mapping[str, Any], *, force: bool = False) -> bool:
        """Whether the object changed."""
        write = self.write(manager, APPLY)
        changed, self.entries = write.applied(self.obj, config, self.entries, force=force)
        self.obj = self.obj if changed is None else changed
        return changed is not None

    def update(self, manager: str, obj: Mapping[str, Any]) -> None:
        self.entries = self.write(manager, UPDATE).updated(self.obj, obj, self.entries)
        self.obj = obj

    def owned(self, manager: str, operation: Operation = APPLY) -> list[str]:
        entry = self.entries.get(owner_of(manager, operation, "v1", ""))
        return [] if entry is None else sorted(path_text(path) for path in paths_of(entry.fields))


def conflicts(thing: Thing, manager: str, config: Mapping[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(Conflicts) as raised:
        thing.apply(manager, config)
    return {
        owner.manager: sorted(path_text(path) for path in paths_of(fields))
        for owner, fields in raised.value.found.items()
    }


def test_appliers_share_an_object_until_they_disagree() -> None:
    thing = Thing()
    thing.apply("one", {"text": "a", "labels": {"x": "1"}})
    thing.apply("two", {"text": "a", "count": 2})
    assert thing.obj == {"text": "a", "labels": {"x": "1"}, "count": 2}
    assert (thing.owned("one"), thing.owned("two")) == ([".labels.x", ".text"], [".count", ".text"])

    assert conflicts(thing, "two", {"text": "b", "labels": {"x": "2"}}) == {"one": [".labels.x", ".text"]}
    thing.apply("two", {"text": "b"}, force=True)
    assert thing.obj == {"text": "b", "labels": {"x": "1"}}  # what two no longer says is gone
    assert (thing.owned("one"), thing.owned("two")) == ([".labels.x"], [".text"])


def test_what_its_last_owner_no_longer_applies_is_removed() -> None:
    thing = Thing()
    thing.apply("one", {"labels": {"x": "1", "y": "1"}, "ports": [{"port": 1}, {"port": 2, "name": "b"}], "set": ["a"]})
    thing.apply("two", {"labels": {"y": "1"}, "set": ["a", "b"]})
    thing.apply("one", {"ports": [{"port": 1}]})
    assert thing.obj == {"labels": {"y": "1"}, "ports": [{"port": 1}], "set": ["a", "b"]}


def test_an_updater_keeps_what_an_applier_gives_up() -> None:
    thing = Thing()
    thing.apply("one", {"labels": {"x": "1"}})
    thing.update("editor", {"labels": {"x": "1", "y": "2"}})
    thing.apply("one", {})
    assert thing.obj == {"labels": {"y": "2"}}
    assert thing.owned("editor", UPDATE) == [".labels.y"]


def test_what_was_there_before_the_first_apply_belongs_to_nobody_in_particular() -> None:
    thing = Thing(obj={"text": "a", "labels": {"x": "1"}})
    assert conflicts(thing, "one", {"text": "b"}) == {"before-first-apply": [".text"]}
    thing.apply("one", {"text": "b"}, force=True)
    assert thing.owned("before-first-apply", UPDATE) == [".labels", ".labels.x"]


def test_an_unchanged_apply_changes_neither_object_nor_time() -> None:
    thing = Thing()
    assert thing.apply("one", {"text": "a"})
    before = thing.entries
    assert not thing.apply("one", {"text": "a"})
    assert thing.entries == before


def test_a_manager_in_a_version_that_is_gone_is_forgotten() -> None:
    gone = {owner_of("old", APPLY, "v0", ""): Entry(set_of(("f:text",)), "v0", "000")}
    thing = Thing(obj={"text": "a"}, entries=gone)
    thing.apply("one", {"text": "b"})
    assert [owner.manager for owner in thing.entries] == ["one"]


MERGES = [
    ("a scalar", {"text": "a"}, {"text": "b"}, {"text": "b"}),
    ("keys of a map", {"labels": {"x": "1"}}, {"labels": {"y": "2"}}, {"labels": {"x": "1", "y": "2"}}),
    ("an atomic list", {"atomic": ["a", "b"]}, {"atomic": ["c"]}, {"atomic": ["c"]}),
    ("an atomic map", {"whole": {"a": "1"}}, {"whole": {"b": "2"}}, {"whole": {"b": "2"}}),
    ("nothing said", {"labels": {"x": "1"}}, {"labels": None}, {"labels": {"x": "1"}}),
    ("an empty map", {"labels": {"x": "1"}}, {"labels": {}}, {"labels": {"x": "1"}}),
    (
        "new items go where the configuration has them",
        {"set": ["a", "b"]},
        {"set": ["c", "b"]},
        {"set": ["a", "c", "b"]},
    ),
    ("the configuration's order wins", {"set": ["a", "x", "b"]}, {"set": ["b", "a"]}, {"set": ["x", "b", "a"]}),
    (
        "items by their keys, with defaults",
        {"ports": [{"port": 1, "protocol": "TCP", "name": "a"}, {"port": 1, "protocol": "UDP"}]},
        {"ports": [{"port": 1, "name": "b"}]},
        {"ports": [{"port": 1, "protocol": "TCP", "name": "b"}, {"port": 1, "protocol": "UDP"}]},
    ),
    (
        "items that were there twice are replaced by the one that is applied",
        {"ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}, {"port": 2}]},
        {"ports": [{"port": 1}]},
        {"ports": [{"port": 1}, {"port": 2}]},
    ),
    (
        "free objects are merged",
        {"free": {"a": {"b": 1}}},
        {"free": {"a": {"c": 2}}},
        {"free": {"a": {"b": 1, "c": 2}}},
    ),
    ("free lists are not", {"free": {"a": [1]}}, {"free": {"a": [2]}}, {"free": {"a": [2]}}),
    ("free values change their type", {"free": {"a": [1]}}, {"free": {"a": {"b": 1}}}, {"free": {"a": {"b": 1}}}),
]


@pytest.mark.parametrize(("live", "config", "merged"), [case[1:] for case in MERGES], ids=[case[0] for case in MERGES])
def test_merging(live: Any, config: Any, merged: Any) -> None:
    assert merge(KIND, live, config) == merged


def test_a_container_of_which_everything_goes_stays_empty() -> None:
    obj = {"deep": {"inner": {"x": "1"}}, "set": ["a"], "text": "t"}
    gone = set_of(("f:deep", "f:inner", "f:x"), ("f:set", 'v:"a"'))
    assert remove(KIND, obj, gone) == {"deep": {"inner": {}}, "set": [], "text": "t"}


OWNED = [
    ({"deep": {"inner": {"x": "1"}}}, [".deep.inner.x"]),
    ({"deep": {"inner": {}}}, [".deep.inner"]),
    ({"labels": {"x": "1"}}, [".labels.x"]),
    ({"labels": {}}, [".labels"]),
    ({"set": []}, []),
    ({"atomic": []}, [".atomic"]),
    ({"ports": [{"port": 1}]}, ['.ports[port=1,protocol="TCP"]', '.ports[port=1,protocol="TCP"].port']),
    ({"free": {"a": {"b": 1}}}, [".free.a", ".free.a.b"]),
    ({"text": None}, [".text"]),
]


@pytest.mark.parametrize(("config", "owned"), OWNED)
def test_what_a_configuration_owns(config: Any, owned: list[str]) -> None:
    assert sorted(path_text(path) for path in paths_of(applied_fields(KIND, config))) == owned


REFUSED = [
    ({"nope": 1}, ".nope: field not declared in schema"),
    ({"count": "x"}, ".count: expected numeric (int or float), got string"),
    ({"text": 1}, ".text: expected string, got &value.valueUnstructured{Value:1}"),
    ({"set": ["a", "a"]}, '.set: duplicate entries for key [="a"]'),
    (
        {"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]},
        '.ports: duplicate entries for key [port=1,protocol="TCP"]',
    ),
    ({"ports": [3]}, ".ports: element 0: associative list with keys may not have non-map elements"),
    ({"labels": []}, ".labels: expected map, got &{[]}"),
]


@pytest.mark.parametrize(("config", "problem"), REFUSED)
def test_what_cannot_be_applied(config: Any, problem: str) -> None:
    assert list(problems(KIND, config)) == [problem]
    with pytest.raises(NotApplicable):
        Thing().apply("one", config)


def test_fields_that_have_become_atomic_are_owned_as_a_whole() -> None:
    assert isinstance(KIND, Struct)
    before = set_of(("f:whole", "f:a"), ("f:labels", "f:x"))
    assert reconciled(KIND, before) == set_of(("f:whole",), ("f:labels", "f:x"))


def test_of_many_updaters_the_oldest_become_one() -> None:
    def entry(place: int) -> Entry:
        return Entry(set_of((f"f:{place}",)), "v1", f"{place:03}")

    entries = {owner_of(f"m{place}", UPDATE, "v1", ""): entry(place) for place in range(MAX_UPDATERS + 2)}
    kept = capped(entries)
    assert len(kept) == MAX_UPDATERS
    ancient = kept[owner_of("ancient-changes", UPDATE, "v1", "")]
    assert (sorted(ancient.fields), ancient.time) == (["f:0", "f:1", "f:2"], "002")


# What holds for all objects


def leaves(kind: Type, value: Any) -> FieldSet:
    return applied_fields(kind, value)


@given(STEPS)
def test_an_apply_leaves_what_it_says_and_applying_it_again_changes_nothing(
    steps: list[tuple[str, dict[str, Any]]],
) -> None:
    thing = Thing()
    for manager, config in steps:
        thing.apply(manager, config, force=True)
        assert merge(KIND, thing.obj, config) == thing.obj
        before = (thing.obj, thing.entries)
        assert not thing.apply(manager, config)
        assert thing.obj == before[0]
        assert thing.entries == before[1] or not before[1]  # what nobody owns gets an owner with the next apply


@given(STEPS)
def test_every_field_has_an_owner_as_long_as_all_writers_apply(steps: list[tuple[str, dict[str, Any]]]) -> None:
    thing = Thing()
    for manager, config in steps:
        thing.apply(manager, config, force=True)
        owned: FieldSet = {}
        for entry in thing.entries.values():
            owned = union(owned, entry.fields)
        unowned = difference(leaves(KIND, thing.obj), owned)
        # What is left of a container whose parts are gone belongs to nobody.
        assert all(is_empty(thing.obj, path) for path in paths_of(unowned))


def is_empty(obj: Any, path: tuple[str, ...]) -> bool:
    for element in path:
        if not isinstance(obj, dict):
            return False
        obj = obj[element[2:]]
    return obj in ({}, [])


@given(CONFIGS, CONFIGS)
def test_two_objects_differ_by_what_was_added_removed_and_modified(old: Any, new: Any) -> None:
    found = compare(KIND, old, new)
    back = compare(KIND, new, old)
    assert (found.added, found.removed, found.modified) == (back.removed, back.added, back.modified)
    assert (found == compare(KIND, old, old)) == (canonical(KIND, old) == canonical(KIND, new))


def canonical(kind: Type, value: Any) -> Any:
    """A value without the order of items that are told apart by their keys, and with the keys' defaults."""
    if isinstance(kind, Struct) and isinstance(value, dict):
        return {
            key: canonical(kind.fields[key].type, item) if key in kind.fields else item for key, item in value.items()
        }
    if isinstance(kind, List) and kind.list_type == "set":
        return sorted(value)
    if isinstance(kind, List) and kind.list_type == "map":
        return sorted(repr(sorted(item.items())) for item in value)
    assert isinstance(kind, List | Map | Scalar | Struct)
    return value
