"""What is wrong with the rules of a schema: their text, their types, what they cost."""

from __future__ import annotations

from typing import Any

import pytest

from sampan.core.cel.schema_checks import check_rules

RULES = "x-kubernetes-validations"
INTEGER = {"type": "integer"}
STRING = {"type": "string"}
RAW = {"x-kubernetes-preserve-unknown-fields": True}


def obj_schema(spec: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": spec}}


def rule(text: str, **more: Any) -> list[dict[str, Any]]:
    return [{"rule": text, **more}]


def struct(rules: list[dict[str, Any]], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, RULES: rules}


def wrong(schema: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.field, each.message) for each in check_rules(obj_schema(schema), "s")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("self.nope > 1", "undefined field 'nope'"),
        ("self.n +", "Syntax error"),
        ("self.n == 'a'", "found no matching overload for '_==_'"),
        ("self.n", "cel expression must evaluate to a bool"),
        ("self.p == 80 ? self.p : 1", "cel expression must evaluate to a bool"),
        ("self.raw == 1", "undefined field 'raw'"),
        ("cel.bind(x, 1, x == 1)", "undeclared reference to 'cel'"),
        ("[1, 'a'].size() == 2", "expected type 'int' but found 'string'"),
        ("duration('1x') > duration('1s')", "<input>:1:10: invalid duration argument"),
        ("'a'.matches('[')", "<input>:1:13: invalid matches argument"),
        (
            "format.uri().validate('x').hasValue() && self.z",
            "<input>:1:46: undefined field 'z'\n | format.uri().validate('x').h",
        ),
        ("self.metadata.name == 'a'", "undefined field 'metadata'"),
    ],
)
def test_a_rule_that_is_wrong_is_refused_at_its_place(text: str, said: str) -> None:
    ((field, message),) = wrong(struct(rule(text), n=INTEGER, p={"x-kubernetes-int-or-string": True}, raw=RAW))
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


def texts(**limits: int) -> dict[str, Any]:
    return {"type": "array", "items": STRING, **limits}


PER_RULE = "Forbidden: estimated rule cost exceeds budget by factor of "
TOTAL = "Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by"


@pytest.mark.parametrize(
    ("text", "list_", "messages"),
    [
        ("self.a.all(x, x.size() > 1)", texts(), []),
        ("self.a.all(x, self.a.exists(y, y == x))", texts(maxItems=50), [f"{PER_RULE}78.6x"]),
        ("self.a.all(x, x.contains('abc'))", texts(maxItems=100), [f"{PER_RULE}3.1x"]),
        (
            "self.a.all(x, self.a.all(y, self.a.all(z, x != y || y != z)))",
            texts(maxItems=100),
            [f"{PER_RULE}more than 100x"],
        ),
    ],
)
def test_what_a_rule_may_cost_is_told_before_it_is_paid(text: str, list_: dict[str, Any], messages: list[str]) -> None:
    found = [message for _, message in wrong(struct(rule(text), a=list_)) if message.startswith(PER_RULE)]
    assert [message.partition(" (try")[0] for message in found] == messages


def test_a_rule_counts_for_each_value_that_there_may_be() -> None:
    item = struct(rule("self.a.contains('abcdefghij')"), a={**STRING, "maxLength": 1000})
    assert wrong({"type": "array", "items": item, "maxItems": 10}) == []
    without_limit = wrong({"type": "array", "items": item})
    assert without_limit[0][0] == f"s.properties[spec].items.{RULES}[0].rule"
    assert without_limit[0][1].startswith(PER_RULE)


def test_all_rules_together_have_a_limit_and_the_dearest_are_named() -> None:
    rules = [rule("self.a.all(x, x.contains('abc'))")[0] for _ in range(12)]
    found = wrong(struct(rules, a={"type": "array", "items": {**STRING, "maxLength": 900}, "maxItems": 26_000}))
    assert [message for _, message in found if message.startswith(PER_RULE)] == []
    named = [field for field, message in found if message.startswith("Forbidden: contributed")]
    assert named == [f"s.properties[spec].{RULES}[{index}].rule" for index in range(4)]
    assert found[-1][0] == "s"
    assert found[-1][1].startswith(TOTAL)


def test_an_optional_old_value_has_its_type_and_mistakes_have_their_place() -> None:
    optional = {**INTEGER, RULES: rule("oldSelf.value() == 'a'", optionalOldSelf=True)}
    assert "<input>:1:17: found no matching overload for '_==_'" in wrong(optional)[0][1]
    unused = {**INTEGER, RULES: rule("self > 1", optionalOldSelf=True)}
    assert wrong(unused) == [
        (
            f"s.properties[spec].{RULES}[0].optionalOldSelf",
            "Invalid value: true: may not be set if oldSelf is not used in rule",
        )
    ]


def test_rules_above_other_mistakes_are_not_looked_at() -> None:
    schema = struct(rule("nonsense"), a=struct(rule("nonsense")))
    blamed = ["s.properties[spec].properties[b].type"]
    assert [each.field for each in check_rules(obj_schema(schema), "s", blamed)] == [
        f"s.properties[spec].properties[a].{RULES}[0].rule"
    ]


def test_what_has_no_type_has_no_rules() -> None:
    ((field, message),) = wrong({**RAW, RULES: rule("true")})
    assert (field, message[:35]) == (f"s.properties[spec].{RULES}", "Internal error: internal error: fai")
