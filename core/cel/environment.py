"""Compile expressions over declared variables, and evaluate them.

An `Environment` is two of the library's: one that checks against declared types, where a misspelt field or a comparison
that can never hold is found, and one that evaluates over plain JSON values. The library is imported with the first of them,
so a server whose users write no expressions never loads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sampan.core.cel.cost import Cost, Sizes, measure
from sampan.core.cel.errors import CelError, CostExceeded, words
from sampan.core.cel.values import Convert, converter
from sampan.core.schema.types import Scalar, Type

DYN = Scalar(kind="any")
"""A variable that may be anything."""
LONGEST = 64 << 10
"""Characters of an expression; longer ones are refused before they are looked at."""
RUNTIME_LIMIT = 10_000_000
"""Cost that one evaluation may have: Kubernetes' limit, in its units."""
LARGEST = 64 << 20
"""Characters of a text that an expression may put together, items of a list."""
EXCEEDED = "operation cancelled: actual cost limit exceeded"


class Program:
    """A compiled expression."""

    def __init__(self, source: str, return_type: str, expression: Any) -> None:
        self.source = source
        self.return_type = return_type
        """``bool``, ``string``, ``dyn``, ``map(string, dyn)`` …"""
        self.cost = Cost(expression.serialize())
        self._expression = expression

    def evaluate(self, values: Values) -> Any:
        """The result as a Python value. Raises `CelError`, and `CostExceeded` before anything that would take too long."""
        if self.cost.at_run_time(values.sizes) > RUNTIME_LIMIT or self._largest(values.sizes) > LARGEST:
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
            raise CelError(words(str(value)))
        return value

    def _largest(self, sizes: Sizes) -> float:
        """Characters or items of the largest value on the way."""
        return self.cost.growth * max(sizes.items, sizes.characters, len(self.source))


class Values:
    """The variables of one evaluation, or of several: made once for all expressions about one object."""

    def __init__(self, activation: Any, sizes: Sizes) -> None:
        self.activation = activation
        self.sizes = sizes


class Environment:
    """Variables with their types, and every function that Kubernetes has. Costs some milliseconds: keep it."""

    def __init__(self, variables: Mapping[str, Type | str]) -> None:
        """A variable's type may be the name of one of Kubernetes' own (see `sampan.core.cel.library.function`)."""
        from cel_expr_python import cel

        from sampan.core.cel.library.all import extensions
        from sampan.core.cel.signatures import type_of
        from sampan.core.cel.types import MessageTypes

        self.variables = dict(variables)
        messages = MessageTypes()
        signatures = {
            name: kind if isinstance(kind, str) else messages.declare(kind, name) for name, kind in variables.items()
        }
        self._checks = cel.NewEnv(
            descriptor_pool=messages.finish(),
            variables={name: type_of(signature) for name, signature in signatures.items()},
            extensions=extensions(evaluating=False),
        )
        self._runs = cel.NewEnv(
            variables=dict.fromkeys(variables, cel.Type.DYN), extensions=extensions(evaluating=True)
        )
        self._convert: dict[str, Convert | None] = {
            name: None if isinstance(kind, str) else converter(kind) for name, kind in variables.items()
        }

    def compile(self, source: str) -> Program:
        """Raises `CelError` with the place of each mistake."""
        if len(source) > LONGEST:
            raise CelError(f"expression is too long: {len(source)} characters, {LONGEST} at the most")
        try:
            checked = self._checks.compile(source)
            expression = self._runs.compile(source)
        except RuntimeError as error:
            text = words(str(error))
            raise CelError(text if source else text.replace(":1:1:", ":1:0:")) from None  # before the first character
        return Program(source, checked.return_type().name().lower(), expression)

    def values(self, values: Mapping[str, Any]) -> Values:
        """The variables' values: plain JSON, by name. A variable without a value cannot be used in an evaluation."""
        converted = {}
        for name, value in values.items():
            convert = self._convert.get(name)
            converted[name] = value if convert is None or value is None else convert(value)
        return Values(self._runs.Activation(converted), measure(values))
