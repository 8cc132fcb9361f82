"""Compile the expressions in an object that is written, and say what is wrong with them.

A kind's rules yield `Expression`s among their causes; here each is compiled, and replaced by what is wrong with it. CEL is
loaded only where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sampan.core.cel.environment import Program
from sampan.core.cel.errors import CelError
from sampan.core.cel.mutations import constructed, constructs
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
    makes = "Object" in expression.variables
    source = constructed(expression.source) if makes else expression.source
    try:
        program = environment(expression.variables, defined).compile(source, mixed=makes)
    except CelError as error:
        yield invalid(expression.field, expression.source, f"compilation failed: {error.message}")
        return
    if expression.defines:
        defined[expression.defines] = program.return_type
    if expression.gives and program.return_type not in expression.gives and not (makes and _fits(expression, program)):
        several = len(expression.gives) > 1
        wanted = f"one of [{' '.join(expression.gives)}]" if several else "".join(expression.gives)
        words = expression.refusal.format(wanted=wanted, given=program.return_type)
        yield invalid(expression.field, expression.source, words)


def _fits(expression: Expression, program: Program) -> bool:
    """Objects and patches that expressions construct are maps to the evaluator, and what has several types is any."""
    is_object = expression.gives == ("Object",)
    word, begin = ("Object", "map") if is_object else ("JSONPatch", "list")
    return constructs(expression.source, word) and program.return_type.startswith((begin, "dyn"))
