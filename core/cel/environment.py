"""Compile expressions over declared variables, and evaluate them.

An `Environment` is two of the library's: one that checks against declared types, where a misspelt field or a comparison
that can never hold is found, and one that evaluates over plain JSON values. The library is imported with the first of them,
so a server whose users write no expressions never loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import attrs

from sampan.core.cel.checked import Checked, decode, shown
from sampan.core.cel.cost import Cost, Sizes, measure
from sampan.core.cel.declared import Declared, measured
from sampan.core.cel.errors import CelError, CostExceeded, of_methods, types_as_known, words
from sampan.core.cel.estimate import estimate_over
from sampan.core.cel.literals import wrong_literals
from sampan.core.cel.map_macros import evaluable
from sampan.core.cel.missing import NO_FIELDS, missing_field
from sampan.core.cel.optional_results import as_written, with_optional_results
from sampan.core.cel.tokens import LONGEST
from sampan.core.cel.values import Convert, converter
from sampan.core.schema.types import Scalar, Type

DYN = Scalar(kind="any")
"""A variable that may be anything."""
RUNTIME_LIMIT = 10_000_000
"""Cost that one evaluation may have: Kubernetes' limit, in its units."""
MOST_KEPT = 512
"""Programs of one environment."""
CHEAP = 100_000
"""Cost that is not looked at any closer."""
LARGEST = 64 << 20
"""Characters of a text that an expression may put together, items of a list."""
EXCEEDED = "operation cancelled: actual cost limit exceeded"


class Program:
    """A compiled expression."""

    def __init__(self, source: str, return_type: str, expression: Any, check: Callable[[], Checked]) -> None:
        self.source = source
        self.return_type = return_type
        """``bool``, ``string``, ``dyn``, ``map(string, dyn)`` …"""
        self.cost = Cost(decode(expression.serialize()).root)
        self._expression = expression
        self._check = check

    def evaluate(self, values: Values, cost: float | None = None) -> Any:
        """The result as a Python value. Raises `CelError`, and `CostExceeded` before anything that would take too long.

        ``cost``: what `cost_over` has said, where it has been asked.
        """
        if (self.cost_over(values) if cost is None else cost) > RUNTIME_LIMIT or self._largest(values.sizes) > LARGEST:
            raise CostExceeded(EXCEEDED)
        try:
            result = self._expression.eval(values.activation)
        except RuntimeError as error:
            if "budget" in str(error):  # the library's own bound on the steps of loops
                raise CostExceeded(EXCEEDED) from None
            raise CelError(words(str(error))) from None
        try:
            value = result.plain_value()
        except TypeError:  # the library has no Python value for it: an absent optional
            return None
        if result.type().name() == "ERROR":
            raise CelError(self._explained(words(str(value)), values))
        return value

    def _explained(self, said: str, values: Values) -> str:
        return (missing_field(self._check().root, values.plain) if said == NO_FIELDS else "") or said

    def cost_over(self, values: Values) -> float:
        """The most that it may cost. Where a first look at the sizes says much, each loop is taken with its own list."""
        bound = self.cost.at_run_time(values.sizes)
        if bound <= CHEAP:
            return bound
        return min(bound, estimate_over(self._check(), values.measured))

    def _largest(self, sizes: Sizes) -> float:
        """Characters or items of the largest value on the way."""
        return self.cost.growth * max(sizes.items, sizes.characters, len(self.source))


class Values:
    """The variables of one evaluation, or of several: made once for all expressions about one object."""

    def __init__(self, activation: Any, plain: Mapping[str, Any]) -> None:
        self.activation = activation
        self.sizes = measure(plain)
        self.plain = plain

    @cached_property
    def measured(self) -> Declared:
        return measured(self.plain)


class Environment:
    """Variables with their types, and every function that Kubernetes has. Costs some milliseconds: keep it."""

    def __init__(
        self, variables: Mapping[str, Type | str], *, bindings: bool = False, patches: bool = False, optional: str = ""
    ) -> None:
        """A variable's type may be the name of one of Kubernetes' own (see `sampan.core.cel.library.function`).

        ``bindings``: with ``cel.bind``; ``patches``: with what makes JSON patches. ``optional``: a variable that
        expressions see as an optional value.
        """
        from cel_expr_python import cel

        from sampan.core.cel.library.all import configuration, extensions
        from sampan.core.cel.signatures import type_of
        from sampan.core.cel.types import MessageTypes

        self.variables = dict(variables)
        self._optional = optional
        self._programs: dict[tuple[str, bool, bool], Program] = {}
        messages = MessageTypes()
        signatures = {
            name: kind if isinstance(kind, str) else messages.declare(kind, name) for name, kind in variables.items()
        }
        self._checks = cel.NewEnv(
            descriptor_pool=messages.finish(),
            config=configuration(),
            variables={name: type_of(signature) for name, signature in signatures.items()},
            extensions=extensions(evaluating=False, bindings=bindings or bool(optional), patches=patches),
        )
        self._runs = cel.NewEnv(
            config=configuration(),
            variables=dict.fromkeys(variables, cel.Type.DYN),
            extensions=extensions(evaluating=True, bindings=True, patches=True),
        )
        self._convert: dict[str, Convert | None] = {
            name: None if isinstance(kind, str) else converter(kind) for name, kind in variables.items()
        }

    def check(self, source: str, *, mixed: bool = False) -> Checked:
        """Raises `CelError` with the place of each mistake. ``mixed``: items of a list or map may differ in their types."""
        if len(source) > LONGEST:
            raise CelError(f"expression is too long: {len(source)} characters, {LONGEST} at the most")
        taken, places = with_optional_results(source)
        try:
            checked = decode(self._checks.compile(self._bound(taken)).serialize())
        except RuntimeError as error:
            raise CelError(as_written(self._words(error, source), source, places)) from None
        if self._optional and checked.root.loop is not None:
            checked = attrs.evolve(checked, root=checked.root.loop.result)
        before = self._bound("").index("\n") + 1 if self._optional else 0
        wrong = wrong_literals(checked, taken, mixed=mixed, before=before)
        if wrong:
            raise CelError(as_written("\n".join(wrong), source, places))
        return checked

    def compile(self, source: str, *, absent: bool = False, mixed: bool = False) -> Program:
        """Raises `CelError` as `check` does. ``absent``: to be evaluated where the optional variable has no value.

        Kept: policies ask with the same expressions again and again.
        """
        key = (source, absent, mixed)
        if key not in self._programs:
            if len(self._programs) >= MOST_KEPT:
                self._programs.clear()
            self._programs[key] = self._compiled(source, absent=absent, mixed=mixed)
        return self._programs[key]

    def _compiled(self, source: str, *, absent: bool, mixed: bool) -> Program:
        checked = self.check(source, mixed=mixed)
        taken, _ = with_optional_results(source)
        try:
            expression = self._runs.compile(self._bound(evaluable(taken), absent=absent))
        except RuntimeError as error:
            raise CelError(self._words(error, source)) from None
        again = partial(self.check, source, mixed=mixed)
        return Program(source, types_as_known(shown(checked.type_of(checked.root))), expression, again)

    def _bound(self, source: str, *, absent: bool = False) -> str:
        """The library takes no optional variable: it is given one in the line before."""
        if not self._optional:
            return source
        value = "optional.none()" if absent else f"optional.of({self._optional})"
        return f"cel.bind({self._optional}, {value},\n{source}\n)"

    def _words(self, error: RuntimeError, source: str) -> str:
        text = of_methods(words(str(error), lines_above=1 if self._optional else 0))
        return text if source else text.replace(":1:1:", ":1:0:")  # before the first character

    def values(self, values: Mapping[str, Any]) -> Values:
        """The variables' values: plain JSON, by name. A variable without a value cannot be used in an evaluation."""
        converted = {}
        for name, value in values.items():
            convert = self._convert.get(name)
            converted[name] = value if convert is None or value is None else convert(value)
        return Values(self._runs.Activation(converted), values)
