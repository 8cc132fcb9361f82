"""The variables that expressions of webhooks, policies and device selectors may use, by what the model calls them.

See `sampan.core.model.expressions.Expression.variables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from sampan.core.cel.device import DEVICE
from sampan.core.cel.environment import DYN, Environment
from sampan.core.cel.request import REQUEST
from sampan.core.cel.type_words import schema_type
from sampan.core.model.core_v1.namespace import Namespace
from sampan.core.schema.builtin import struct_of
from sampan.core.schema.types import Field, Struct, Type

Defined = Mapping[str, str]
"""The types that variables' own expressions give, by the variables' names (``bool``, ``list(string)``); else ``dyn``."""


def environment(variables: Mapping[str, str], defined: Defined = MappingProxyType({})) -> Environment:
    """Kept: expressions with the same variables share one."""
    return _environment(tuple(sorted(variables.items())), tuple(defined.items()))


@lru_cache(maxsize=64)
def _environment(variables: tuple[tuple[str, str], ...], defined: tuple[tuple[str, str], ...]) -> Environment:
    types = dict(defined)
    known = {name: _type_of(what, types) for name, what in variables if what != "constructed"}
    is_device = any(what == "device" for _, what in variables)
    return Environment(known, bindings=is_device, patches=True)


def typed_environment(variables: Mapping[str, str], types: Mapping[str, Type], defined: Defined) -> Environment:
    """One in which some of the variables have a type of their own. Not kept."""
    names = {name: what for name, what in variables.items() if what != "constructed"}
    return Environment({name: types.get(name) or _type_of(what, defined) for name, what in names.items()})


def _type_of(what: str, defined: Defined) -> Type | str:
    word, _, names = what.partition(":")
    match word:
        case "request":
            return REQUEST
        case "namespace":
            return struct_of(Namespace)
        case "device":
            return DEVICE
        case "authorizer":
            return "kubernetes.authorization.Authorizer"
        case "variables":
            types = {name: schema_type(defined.get(name, "dyn")) for name in names.split(",") if name}
            fields = {name: Field(name=name, type=kind) for name, kind in types.items()}
            return Struct(definition="kubernetes.variables", make_fields=lambda: fields)
        case _:
            return DYN
