"""Rules of a schema: what they find in an object and in its change."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.cel.rule_runs import run_rules
from sampan.core.cel.schema_checks import check_rules
from sampan.core.cel.schema_rules import compile_place, has_rules
from sampan.core.errors import Tolerated

RULES = "x-kubernetes-validations"
INTEGER = {"type": "integer"}
STRING = {"type": "string"}


def obj_schema(spec: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": spec}}


def rule(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"rule": text, **more}]


def struct(rules: list[dict[str, Any]], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, RULES: rules}


def found(schema: dict[str, Any], spec: Any, old: Any = None) -> list[tuple[str, str, str]]:
    place = compile_place(obj_schema(schema), is_root=True)
    assert place is not None
    before = None if old is None else {"spec": old}
    causes = run_rules(place, {"spec": spec}, before)
    return [(each.field, each.reason, each.message) for each in causes if not isinstance(each, Tolerated)]


def told(schema: dict[str, Any], spec: Any, old: Any) -> list[str]:
    """The places of what was wrong before and stays as it was."""
    place = compile_place(obj_schema(schema), is_root=True)
    assert place is not None
    causes = run_rules(place, {"spec": spec}, {"spec": old})
    return [each.field for each in causes if isinstance(each, Tolerated)]


RANGE = struct(rule("self.min <= self.max", message="min above max"), min=INTEGER, max=INTEGER)


def test_a_rule_that_does_not_hold_is_a_cause_at_its_place() -> None:
    assert found(RANGE, {"min": 1, "max": 2}) == []
    assert found(RANGE, {"min": 3, "max": 2}) == [("spec", "FieldValueInvalid", "Invalid value: min above max")]


def test_a_rule_without_words_says_itself() -> None:
    schema = struct(rule("self.n > 1"), n=INTEGER)
    assert found(schema, {"n": 1})[0][2] == "Invalid value: failed rule: self.n > 1"


def test_reason_place_and_words_can_be_the_rules_own() -> None:
    own = rule("self.n > 1", reason="FieldValueForbidden", fieldPath=".n", messageExpression="'not ' + string(self.n)")
    assert found(struct(own, n=INTEGER), {"n": 1}) == [("spec.n", "FieldValueForbidden", "Forbidden: not 1")]
    broken = rule("self.n > 1", message="plain", messageExpression="string(1 / (self.n - 1))")
    assert found(struct(broken, n=INTEGER), {"n": 1})[0][2].endswith("plain")


def test_a_rule_that_fails_says_how() -> None:
    schema = struct(rule("self.n > 1"), n=INTEGER)
    assert "no such key: n evaluating rule: self.n > 1" in found(schema, {})[0][2]


def test_rules_of_items_and_values_are_run_for_each() -> None:
    odd = {**INTEGER, RULES: rule("self % 2 == 1")}
    assert [each[0] for each in found({"type": "array", "items": odd}, [1, 2, 3, 4])] == ["spec[1]", "spec[3]"]
    assert [each[0] for each in found({"type": "object", "additionalProperties": odd}, {"a": 1, "b": 2})] == ["spec[b]"]


def test_a_transition_rule_is_run_on_changes_alone() -> None:
    schema = struct([], fixed={**STRING, RULES: rule("self == oldSelf", message="fixed")})
    assert found(schema, {"fixed": "a"}) == []
    assert found(schema, {"fixed": "a"}, {"fixed": "a"}) == []
    assert found(schema, {"fixed": "a"}, {}) == []
    assert [each[0] for each in found(schema, {"fixed": "b"}, {"fixed": "a"})] == ["spec.fixed"]


def test_items_of_a_list_map_are_found_again_by_their_keys() -> None:
    item = struct(rule("self.v >= oldSelf.v"), k=STRING, v=INTEGER)
    schema = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    old = [{"k": "a", "v": 5}, {"k": "b", "v": 1}]
    assert [each[0] for each in found(schema, [{"k": "b", "v": 2}, {"k": "a", "v": 4}], old)] == ["spec[1]"]


def test_an_optional_old_value_is_asked_for_new_objects_too() -> None:
    schema = {**INTEGER, RULES: rule("!oldSelf.hasValue() ? self == 1 : self >= oldSelf.value()", optionalOldSelf=True)}
    assert found(schema, 1) == []
    assert len(found(schema, 2)) == 1
    assert found(schema, 3, 2) == []
    assert len(found(schema, 1, 2)) == 1


def test_what_an_update_leaves_as_it_was_is_told_and_not_refused() -> None:
    broken = {"min": 3, "max": 2}
    assert (found(RANGE, broken, broken), told(RANGE, broken, broken)) == ([], ["spec"])
    assert len(found(RANGE, {"min": 4, "max": 2}, broken)) == 1
    odd = {"type": "array", "items": {**INTEGER, RULES: rule("self % 2 == 1")}}
    assert (found(odd, [2], [2]), told(odd, [2], [2])) == ([], ["spec[0]"])
    assert len(found(odd, [2, 3], [2])) == 1  # of a plain list nobody can tell which items are old


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({**INTEGER, RULES: rule("self > 1")}, 1, "Invalid value: 1: failed rule: self > 1"),
        ({**STRING, RULES: rule("self != 'a'", message=" no ")}, "a", 'Invalid value: "a": no'),
        ({**INTEGER, RULES: rule("1 / self > 1")}, 0, 'Invalid value: "integer": division by zero evaluating rule'),
        (struct(rule("self.n > 1"), n=INTEGER), {}, 'Invalid value: "object": no such key: n evaluating rule'),
        ({**INTEGER, RULES: rule("self > 1", reason="FieldValueDuplicate")}, 1, "Duplicate value: 1"),
    ],
)
def test_small_values_are_shown_and_of_large_ones_their_type(schema: dict[str, Any], value: Any, message: str) -> None:
    assert found(schema, value)[0][2].startswith(message)


def test_a_rule_may_blame_the_entry_of_a_map() -> None:
    schema = struct(rule("false", fieldPath=".m['a.b']"), m={"type": "object", "additionalProperties": STRING})
    assert found(schema, {"m": {}})[0][0] == "spec.m[a.b]"


def test_small_lists_beside_a_large_one_cost_what_they_are() -> None:
    loops = rule("self.few.all(x, self.few.all(y, self.few.all(z, x + y + z < 10000)))")
    schema = struct(loops, few={"type": "array", "items": INTEGER}, many={"type": "array", "items": INTEGER})
    assert found(schema, {"few": list(range(10)), "many": [0] * 5000}) == []
    assert "call cost exceeds limit" in found(schema, {"few": list(range(400)), "many": []})[0][2]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("self.__namespace__ == 'a'", {"namespace": "a"}),
        ("self.a__dash__b == 'a'", {"a-b": "a"}),
        ("self.when < timestamp('2030-01-01T00:00:00Z')", {"when": "2020-01-01T00:00:00Z"}),
        ("self.ratio * 0.5 == 1.5", {"ratio": 3}),
        ("self.port == 80 || self.port == 'http'", {"port": "http"}),
        ("self.amount.endsWith('i') && quantity(self.amount).isGreaterThan(quantity('1Mi'))", {"amount": "1Gi"}),
        ("self.?absent.orValue('z') == 'z'", {}),
    ],
)
def test_values_are_what_their_schema_says(text: str, value: dict[str, Any]) -> None:
    schema = struct(
        rule(text),
        **{"namespace": STRING, "a-b": STRING, "amount": STRING, "absent": STRING},
        when={"type": "string", "format": "date-time"},
        ratio={"type": "number"},
        port={"x-kubernetes-int-or-string": True},
    )
    assert check_rules(obj_schema(schema), "s") == []
    assert found(schema, value) == []


def test_a_schema_without_rules_costs_nothing() -> None:
    schema = obj_schema({"type": "object", "properties": {"n": INTEGER}})
    assert not has_rules(schema)
    assert compile_place(schema) is None
