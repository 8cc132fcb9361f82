"""Expressions over Kubernetes objects: what they give, which mistakes are found, and what they may cost."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from sampan.core.cel.cost import Sizes
from sampan.core.cel.environment import DYN, Environment
from sampan.core.cel.errors import CelError, CostExceeded
from sampan.core.cel.library.authorization import asking, authorizer
from sampan.core.cel.values import part
from sampan.core.model.apps_v1.deployment import Deployment
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import Field, Limits, List, Map, Scalar, Struct, Type

TEXT, WHEN = Scalar(kind="string"), Scalar(kind="string", limits=Limits(format="date-time"))


def struct(**fields: Type) -> Struct:
    return Struct(make_fields=lambda: {name: Field(name=name, type=kind) for name, kind in fields.items()})


ODD: dict[str, Type] = {"x-y": Scalar(kind="integer"), "import": TEXT}
"""Names that an expression cannot use as they are."""
OWN = struct(when=WHEN, tags=List(item=TEXT), deep=Map(value=List(item=TEXT)), **ODD)
SELF = {"when": "2020-01-01T00:00:00Z", "x-y": 4, "import": "i", "tags": ["a", "b"], "deep": {"k": ["v"]}}
CONTAINER = {"name": "c", "image": "x:1", "resources": {"requests": {"cpu": "500m"}}}
OBJECT = {"spec": {"replicas": 3, "template": {"spec": {"containers": [CONTAINER]}}}}


@pytest.fixture(scope="module")
def environment() -> Environment:
    variables: dict[str, Type | str] = {"object": struct_of(Deployment), "self": OWN, "any": DYN, "authorizer": DYN}
    return Environment(variables, bindings=True)


def evaluate(environment: Environment, source: str) -> Any:
    anything = {"a": 1, "n": None, "s": "b", "l": [1], "t": part(datetime(2030, 1, 1, tzinfo=UTC))}
    values = {"object": OBJECT, "self": SELF, "any": anything, "authorizer": authorizer()}
    return environment.compile(source).evaluate(environment.values(values))


TRUE = (
    "object.spec.replicas == 3",
    "has(object.spec.replicas) && !has(object.spec.paused)",
    "self.when < timestamp('2021-01-01T00:00:00Z') && self.when.getFullYear() == 2020",
    "self.x__dash__y == 4 && self.__import__ == 'i'",
    "self.tags.exists(tag, tag == 'b') && self.deep.k[0] == 'v'",
    "any.?b.orValue(7) == 7",
    "quantity(object.spec.template.spec.containers[0].resources.requests['cpu']).isLessThan(quantity('1'))",
    "quantity('1Gi') == quantity('1024Mi') && quantity('1').add(quantity('500m')).compareTo(quantity('1500m')) == 0",
    "quantity('50k').asInteger() == 50000 && quantity('-1').sign() == -1 && !isQuantity('1Q')",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('v1.2', true).minor() == 2 && !isSemver('v1')",
    "semver('1.0.0-alpha.2').isLessThan(semver('1.0.0-alpha.10')) && semver('1.0.0-rc').isLessThan(semver('1.0.0'))",
    "ip('10.0.0.1').family() == 4 && ip('::1').isLoopback() && !isIP('1.2.3') && ip.isCanonical('::1')",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))",
    "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('::/64').prefixLength() == 64",
    "url('https://a:80/b?c=d').getHostname() == 'a' && url('https://a:80/b?c=d').getQuery()['c'] == ['d']",
    "isURL('/a/b') && !isURL('a b') && url('https://[::1]:80/').getPort() == '80'",
    "'abc 123 45'.find('[0-9]+') == '123' && 'abc 123 45'.findAll('[0-9]+').size() == 2",
    "[1, 2, 3].sum() == 6 && [3, 1].min() == 1 && ['a', 'b'].isSorted() && [1, 2, 1].lastIndexOf(1) == 2",
    "sets.contains([1, 2], [1]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])",
    "'%s %d'.format(['a', 3]) == 'a 3' && 'A'.lowerAscii() == 'a' && 'a,b'.split(',').join('-') == 'a-b'",
    "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('No!').value().size() == 1",
    "format.named('uuid').value().validate('x') == optional.of(['does not match the UUID format'])",
    "!format.named('nope').hasValue() && !format.dns1123LabelPrefix().validate('a-').hasValue()",
    "[1, 2].all(i, v, i < v) && {'a': 1}.exists(k, v, k == 'a' && v == 1)",
    "[1, 2].transformList(i, v, v > 1, i * v) == [2] && {'a': 1}.transformMap(k, v, k + string(v)) == {'a': 'a1'}",
    "['x', 'y'].transformMapEntry(i, v, v != 'y', {v: i}) == {'x': 0}",
    "[1].transformMap(i, v, [v].transformMap(j, w, w))[0][0] == 1",
    "lists.range(3) == [0, 1, 2] && [2, 1].sort() == [1, 2] && [[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1]",
    "[1, 2, 3].slice(1, 2) == [2] && ['bb', 'a'].sortBy(x, x.size())[0] == 'a' && [1, 2].last().value() == 2",
)


@pytest.mark.parametrize("source", TRUE)
def test_what_holds(environment: Environment, source: str) -> None:
    assert evaluate(environment, source) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("object.spec.repli > 1", "undefined field 'repli'"),
        ("object.spec.replicas == '3'", "found no matching overload for '_==_' applied to '(int, string)'"),
        ("object.spec.template.spec.containers.all(c, c.nam == '')", "undefined field 'nam'"),
        ("nobody == 1", "undeclared reference to 'nobody'"),
        (
            "1 == nobody.at .all",
            "<input>:1:6: undeclared reference to 'nobody' (in container '')\n | 1 == nobody.at .all\n | .....^",
        ),
        ("[1].first", "<input>:1:4: type 'list(int)' does not support field selection"),
        ("null.first", "type 'null' does not support field selection"),
        ("[null] + [null] > null", "no matching overload for '_>_' applied to '(list(null), null)'"),
        ("1 +", "Syntax error"),
        ("quantity('1') == semver('1.0.0')", "found no matching overload"),
        ("x" * 70_000, "expression is too long"),
    ],
)
def test_what_is_refused_when_it_is_compiled(environment: Environment, source: str, message: str) -> None:
    with pytest.raises(CelError) as refused:
        environment.compile(source)
    assert message in str(refused.value)
    assert "sampan" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("any.b == 1", "no such key: b"),
        ("1 / int(any.a - 1) > 0", "division by zero"),
        ("quantity('x').isInteger()", "quantities must match the regular expression"),
        ("ip('1.2.3').family() == 4", "unable to parse IP"),
        ("'a'.find('(') == ''", "error parsing regexp: missing closing"),
        ("any.a.b.c == 1", "^no such key: b$"),
        ("[any].exists(x, any.n.m == 1)", "^no such key: m$"),
        ("any.l.b == 1", "^unsupported index type 'string' in list$"),
        ("any.n > 1", "^no such overload: _>_$"),
        ("any.n + 'a' == 'b'", "^no such overload: _+_$"),
        ("any.a > 'b'", "^no such overload$"),
        ("any.t * 2 == 1", "^no such overload$"),
        ("size(any.a) == 1", "^no such overload: size$"),
        ("size(any.t) == 1", "^no such overload$"),
        ("any.s * 2 == 1", "^no such overload$"),
        ("int(1e30) == any.a", "^integer overflow$"),
        ("any.a.startsWith('b')", "^no such overload$"),
        ("!any.a", "^no such overload$"),
        ("any.a && true", "^no such overload$"),
        ("url(any.a).getHost() == 'b'", "^no such overload: url(int)$"),
        ("url(any.t).getHost() == 'b'", "^no such overload: url(google.protobuf.Timestamp)$"),
        ("any.s.getHours() == 1", "^no such overload: getHours(string)$"),
        ("'abc'.substring(any.s) == 'b'", "^no such overload: substring(string, string)$"),
        ("[1][any.s] == 1", "^unsupported index type 'string' in list$"),
        ("[1][any.n] == 1", "^invalid qualifier type: types.Null$"),
        ("timestamp(any.s) == any.t", "^type conversion error from 'string' to 'google.protobuf.Timestamp'$"),
    ],
)
def test_what_fails_when_it_is_evaluated(environment: Environment, source: str, message: str) -> None:
    with pytest.raises(CelError, match=re.sub(r"([(+*)])", r"\\\1", message)):
        evaluate(environment, source)


def test_loops_within_loops_over_much_are_refused_before_they_begin(environment: Environment) -> None:
    loops = environment.compile("any.all(a, any.all(b, any.all(c, a + b + c >= 0)))")
    assert loops.evaluate(environment.values({"any": [1, 2, 3]})) is True
    with pytest.raises(CostExceeded):
        loops.evaluate(environment.values({"any": list(range(1000))}))
    assert loops.cost.at_run_time(Sizes(items=1000)) < 1e7  # the library ends loops before that


def test_a_loop_that_is_too_long_for_the_library_is_a_refusal(environment: Environment) -> None:
    with pytest.raises(CostExceeded):
        environment.compile("any.all(a, a >= 0)").evaluate(environment.values({"any": list(range(20_000))}))


def nested(start: str, step: str, times: int) -> str:
    """``step`` of what came before it, so many times over."""
    source = f"text{times}.size() > 0"
    for number in range(times, 0, -1):
        source = f"cel.bind(text{number}, {step.replace('TEXT', f'text{number - 1}')}, {source})"
    return f"cel.bind(text0, {start}, {source})"


@pytest.mark.parametrize(
    "step", ["TEXT + TEXT + TEXT + TEXT", "[1, 2, 3, 4].map(a, TEXT).join('')", "[TEXT, TEXT, TEXT, TEXT].join('')"]
)
def test_a_short_expression_makes_no_endless_text(environment: Environment, step: str) -> None:
    values = environment.values({"any": {}})
    assert environment.compile(nested("'0123456789'", step, 3)).evaluate(values) is True
    with pytest.raises(CostExceeded):
        environment.compile(nested("'0123456789'", step, 20)).evaluate(values)


def test_values_that_do_not_grow_are_not_taken_for_large(environment: Environment) -> None:
    usual = environment.compile("any.map(a, a + '-').filter(a, a != 'b').map(a, a + '.').exists(a, a == 'a-.')")
    assert usual.cost.growth <= 4
    assert usual.evaluate(environment.values({"any": ["a", "x" * 1_000_000]})) is True


def test_the_authorizer_is_asked_what_the_expression_asks(environment: Environment) -> None:
    asked = []

    def answer(question: dict[str, str]) -> tuple[bool, str]:
        asked.append(question)
        return question["verb"] == "get", "because"

    chain = "authorizer.group('apps').resource('deployments').namespace('ns').name('x').check('%s').%s"
    with asking(answer):
        assert evaluate(environment, chain % ("get", "allowed()")) is True
        assert evaluate(environment, chain % ("delete", "allowed()")) is False
        assert evaluate(environment, chain % ("get", "reason()")) == "because"
        assert evaluate(environment, "authorizer.serviceAccount('ns', 'sa').path('/healthz').check('get').allowed()")
    assert asked[0] == {"group": "apps", "resource": "deployments", "namespace": "ns", "name": "x", "verb": "get"}
    assert asked[-1] == {"serviceAccount": "system:serviceaccount:ns:sa", "path": "/healthz", "verb": "get"}


def test_what_a_client_calls_its_fields_is_no_value_of_kubernetes_own_types(environment: Environment) -> None:
    forged = environment.values({"any": {"kubernetes.Quantity": "1"}})
    with pytest.raises(CelError):
        environment.compile("any.isInteger()").evaluate(forged)


def test_nobody_who_writes_no_expression_loads_the_library() -> None:
    code = "import sampan.core.cel.environment, sys; assert not {'cel_expr_python', 'google.protobuf'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
