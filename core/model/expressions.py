"""Expressions (CEL) among an object's fields: where they are, what they may use, and what they must give.

A kind's rules yield an `Expression` in the place of the cause that it may turn out to be; the API server compiles it (the
model knows no CEL) and puts in what is wrong with it, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sampan.core.classes import frozen
from sampan.core.errors import Cause

_WORDS: Final = """
true false null in as break const continue else for function if import let loop package namespace return var void while
"""
RESERVED: Final = frozenset(_WORDS.split())
"""Words that no variable of an expression can have for a name."""


@frozen(kw_only=True)
class Expression(Cause):
    """Something to compile. ``field`` is its path."""

    reason: str = "FieldValueInvalid"
    message: str = ""
    field: str
    source: str
    variables: Mapping[str, str]
    """Name → what it is: ``object`` (any object), ``request``, ``namespace``, ``authorizer``, ``device``, or a struct of
    variables written ``variables:a,b``."""
    gives: tuple[str, ...]
    """CEL types of which the result must be one (``bool``); none: any."""
    refusal: str = "must evaluate to {wanted} but got {given}"
    """What is said of a result of another type."""
    defines: str = ""
    """The name of the variable that it gives those after it, with the type that it turns out to have."""
