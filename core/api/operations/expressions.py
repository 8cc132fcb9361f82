"""Compile the expressions in an object that is written, and say what is wrong with them.

A kind's rules yield `Expression`s among their causes; here each is compiled, and replaced by what is wrong with it. CEL is
loaded only where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sampan.core.cel.errors import CelError
from sampan.core.cel.mutations import constructed
from sampan.core.cel.variables import environment
from sampan.core.errors import Cause
from sampan.core.model.causes import invalid
from sampan.core.model.expressions import Expression


def compiled(causes: Iterable[Cause]) -> list[Cause]:
    """The causes, with what is wrong with each expression in its place."""
    found: list[Cause] = []
    defined: dict[str, str] = {}
    for cause in causes:
        if isinstance(cause, Expression):
            found += _problems(cause, defined)
        else:
            found.append(cause)
    return found


def _problems(expression: Expression, defined: dict[str, str]) -> Iterator[Cause]:
    """``defined``: the types of the variables so far; what this one defines is put in."""
    constructs = "Object" in expression.variables
    source = constructed(expression.source) if constructs else expression.source
    try:
        program = environment(expression.variables, defined).compile(source, mixed=constructs)
    except CelError as error:
        yield invalid(expression.field, expression.source, f"compilation failed: {error.message}")
        return
    if expression.defines:
        defined[expression.defines] = program.return_type
    allowed = (*expression.gives, *(("dyn",) if constructs and expression.gives else ()))
    if allowed and program.return_type not in allowed and not _is_constructed(expression.gives, program.return_type):
        words = expression.refusal.format(wanted=" or ".join(expression.gives), given=program.return_type)
        yield invalid(expression.field, expression.source, words)


def _is_constructed(allowed: tuple[str, ...], given: str) -> bool:
    """Objects and patches that expressions construct are maps to the evaluator."""
    if allowed == ("Object",):
        return given.startswith("map")
    return allowed == ("list(JSONPatch)",) and given.startswith("list")
