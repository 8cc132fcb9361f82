"""Rules of a schema: what they find in an object and in its change, and what is wrong with the rules themselves."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.cel.schema_rules import check_rules, compile_place, has_rules, run_rules

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
    return [(each.field, each.reason, each.message) for each in run_rules(place, {"spec": spec}, before)]


def wrong(schema: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.field, each.message) for each in check_rules(obj_schema(schema), "s")]


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


def test_what_an_update_leaves_as_it_was_is_not_asked_again() -> None:
    broken = {"min": 3, "max": 2}
    assert found(RANGE, broken, broken) == []
    assert len(found(RANGE, {"min": 4, "max": 2}, broken)) == 1


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
    assert wrong(schema) == []
    assert found(schema, value) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("self.nope > 1", "undefined field 'nope'"),
        ("self.n +", "Syntax error"),
        ("self.n == 'a'", "found no matching overload for '_==_'"),
        ("self.n", "must evaluate to a bool"),
        ("self.metadata.name == 'a'", "undefined field 'metadata'"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_at_its_place(text: str, said: str) -> None:
    ((field, message),) = wrong(struct(rule(text), n=INTEGER))
    assert field == f"s.properties[spec].{RULES}[0].rule"
    assert said in message


def test_of_the_metadata_a_rule_sees_the_name() -> None:
    schema = {"type": "object", "properties": {}, RULES: rule("self.metadata.name.startsWith('a')")}
    assert list(check_rules(schema, "s")) == []
    hidden = {**schema, RULES: rule("size(self.metadata.labels) > 0")}
    assert "undefined field 'labels'" in next(iter(check_rules(hidden, "s"))).message


def test_old_values_cannot_be_told_in_a_plain_list() -> None:
    schema = {"type": "array", "items": {**INTEGER, RULES: rule("self > oldSelf")}}
    assert [message for _, message in wrong(schema)] == [
        'Invalid value: "self > oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within'
        " s.properties[spec]"
    ]


def test_loops_within_loops_need_bounds() -> None:
    loops = rule("self.a.all(x, self.a.exists(y, y == x + 1))")
    assert "estimated rule cost exceeds budget" in wrong(struct(loops, a={"type": "array", "items": INTEGER}))[0][1]
    assert wrong(struct(loops, a={"type": "array", "items": INTEGER, "maxItems": 50})) == []


def test_a_schema_without_rules_costs_nothing() -> None:
    schema = obj_schema({"type": "object", "properties": {"n": INTEGER}})
    assert not has_rules(schema)
    assert compile_place(schema) is None
