"""Strategic merge patches merge lists by key, and follow their directives."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.errors import ApiError, BadRequest, Unclassified
from sampan.core.model.builtin import Pod
from sampan.core.schema.resource import resource_of
from sampan.core.schema.strategic import left_over, strategic_merge

STRUCT = resource_of(Pod).struct


def merged(original: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy((original, patch))
    result = strategic_merge(STRUCT, {"spec": original}, {"spec": patch})["spec"]
    assert (original, patch) == before, "a patch must change neither side"
    return result  # type: ignore[no-any-return]


C, D = {"name": "c", "image": "one"}, {"name": "d", "image": "two"}
TWO = {"containers": [C, D]}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("items with the same key merge", TWO, {"containers": [{"name": "d", "image": "three"}]},
     {"containers": [C, {"name": "d", "image": "three"}]}),
    ("new items come first", TWO, {"containers": [{"name": "e"}]}, {"containers": [{"name": "e"}, C, D]}),
    ("an item is deleted by its key", TWO, {"containers": [{"name": "c", "$patch": "delete"}]}, {"containers": [D]}),
    ("deleting what is not there changes nothing", TWO, {"containers": [{"name": "x", "$patch": "delete"}]}, TWO),
    ("a list is replaced on request", TWO, {"containers": [{"$patch": "replace"}, {"name": "z"}]},
     {"containers": [{"name": "z"}]}),
    ("a list is emptied on request", TWO, {"containers": [{"$patch": "replace"}]}, {"containers": []}),
    ("null removes a list", TWO, {"containers": None}, {}),
    ("null removes a field of an item", TWO, {"containers": [{"name": "c", "image": None}]},
     {"containers": [{"name": "c"}, D]}),
    ("atomic lists are replaced", {"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]},
     {"tolerations": [{"key": "b"}]}),
    ("lists of plain values without a strategy are replaced",
     {"containers": [{"name": "c", "args": ["a", "b"]}]}, {"containers": [{"name": "c", "args": ["x"]}]},
     {"containers": [{"name": "c", "args": ["x"]}]}),
    ("maps merge", {"nodeSelector": {"a": "1", "b": "2"}}, {"nodeSelector": {"b": None, "c": "3"}},
     {"nodeSelector": {"a": "1", "c": "3"}}),
    ("a map is replaced on request", {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "replace", "c": "3"}},
     {"nodeSelector": {"c": "3"}}),
    ("a map is emptied on request", {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "delete"}},
     {"nodeSelector": {}}),
    ("a directive for what is not there adds nothing", {}, {"nodeSelector": {"$patch": "replace", "c": "3"}}, {}),
    ("deleting an absent object adds none", {}, {"nodeSelector": {"$patch": "delete"}}, {}),
    ("an order is followed", TWO, {"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]},
     {"containers": [D, C]}),
    ("an order goes with changes", TWO,
     {"$setElementOrder/containers": [{"name": "d"}, {"name": "e"}, {"name": "c"}], "containers": [{"name": "e"}]},
     {"containers": [D, {"name": "e"}, C]}),
    ("items that only the server has keep their place",
     {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
     {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]},
     {"containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}),
    ("an order for a list that is not there", {}, {"$setElementOrder/containers": [{"name": "c"}]}, {}),
    ("a union's former member goes", {"volumes": [{"name": "v", "emptyDir": {}}]},
     {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "m"}}]},
     {"volumes": [{"name": "v", "configMap": {"name": "m"}}]}),
    ("another type of value replaces", TWO, {"containers": {"name": "z"}}, {"containers": {"name": "z"}}),
    ("nested lists merge by their own keys",
     {"containers": [{"name": "c", "ports": [{"containerPort": 80}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
     {"containers": [{"name": "c", "ports": [{"containerPort": 81}, {"containerPort": 80, "name": "web"}],
                      "volumeMounts": [{"mountPath": "/w", "name": "w"}]}]},
     {"containers": [{"name": "c", "ports": [{"containerPort": 81}, {"containerPort": 80, "name": "web"}],
                      "volumeMounts": [{"mountPath": "/w", "name": "w"}, {"name": "v", "mountPath": "/v"}]}]}),
    ("unknown fields are left to decoding", {}, {"odd": [{"a": 1}]}, {"odd": [{"a": 1}]}),
]  # fmt: skip


@pytest.mark.parametrize(("original", "patch", "result"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_patches(original: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(original, patch) == result


def test_what_is_shown_of_a_refused_patch_lacks_the_lists_that_were_put_in_order() -> None:
    patch = {"spec": {"$setElementOrder/containers": [{"name": "c"}], "containers": [{"name": "c"}], "x": []}, "y": [1]}
    assert left_over(patch) == {"spec": {"x": []}, "y": [1]}


def test_lists_of_plain_values_merge() -> None:
    original = {"metadata": {"finalizers": ["one"]}}
    added = strategic_merge(STRUCT, original, {"metadata": {"finalizers": ["two"]}})
    assert added["metadata"]["finalizers"] == ["two", "one"]
    removed = strategic_merge(STRUCT, added, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["one"]}})
    assert removed["metadata"]["finalizers"] == ["two"]


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        ({"volumes": [{"name": "v", "$retainKeys": ["name"], "hostPath": {}}]}, BadRequest),
        ({"volumes": [{"name": "v", "$retainKeys": "name"}]}, BadRequest),
        ({"$setElementOrder/containers": "c", "containers": [{"name": "c"}]}, Unclassified),
        ({"$setElementOrder/containers": [{"name": "c"}], "containers": [{"name": "d"}]}, Unclassified),
        ({"$setElementOrder": [{"name": "c"}]}, BadRequest),
        ({"$deleteFromPrimitiveList": ["c"]}, BadRequest),
        ({"containers": ["text"]}, Unclassified),
        ({"imagePullSecrets": [], "$setElementOrder/imagePullSecrets": []}, Unclassified),
        ({"$deleteFromPrimitiveList/tolerations": [{"key": "a"}]}, Unclassified),
        ({"containers": [{"name": "c", "$patch": "merge"}]}, Unclassified),
        ({"$patch": "merge"}, Unclassified),
        ({"$patch": "dance"}, Unclassified),
        ({"containers": [{"name": "c", "$patch": "dance"}]}, Unclassified),
        ({"containers": [{"image": "no key"}]}, Unclassified),
    ],
)
def test_directives_that_make_no_sense(patch: dict[str, Any], error: type[ApiError]) -> None:
    volumes, tolerations = [{"name": "v", "emptyDir": {}}], [{"key": "a", "operator": "Exists"}]
    with pytest.raises(error):
        merged({"containers": [C], "volumes": volumes, "tolerations": tolerations}, patch)


ITEMS = st.lists(st.sampled_from("abcde"), unique=True, max_size=5).map(
    lambda names: [{"name": name, "image": name} for name in names]
)


@given(ITEMS, ITEMS)
def test_a_merge_has_every_item_once_and_the_patchs_order(original: list[Any], patch: list[Any]) -> None:
    result = merged({"containers": original}, {"containers": patch})["containers"]
    names = [item["name"] for item in result]
    assert sorted(names) == sorted({item["name"] for item in (*original, *patch)})
    assert [name for name in names if name in [item["name"] for item in patch]] == [item["name"] for item in patch]


@given(ITEMS.filter(bool), ITEMS)
def test_an_order_is_obeyed(original: list[Any], order: list[Any]) -> None:
    wanted = [item["name"] for item in order]
    result = merged({"containers": original}, {"$setElementOrder/containers": order, "containers": []})["containers"]
    present = [item["name"] for item in original]
    assert [item["name"] for item in result if item["name"] in wanted] == [name for name in wanted if name in present]


def test_long_lists_are_merged_in_time_that_grows_with_them() -> None:
    original = [{"name": f"c{place}", "image": "one"} for place in range(4000)]
    patch = [{"name": f"c{place + 2000}", "image": "two"} for place in range(4000)]
    began = time.process_time()
    assert len(merged({"containers": original}, {"containers": patch})["containers"]) == 6000
    assert time.process_time() - began < 1.5  # a look through one list for each item of the other takes 6
