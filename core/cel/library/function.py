"""How a function is told to both environments: with its own types to the checker, with plain values to the evaluator.

Values of Kubernetes' own types (a quantity, an IP address) are maps with a single tagged entry when they are evaluated: the
library carries no foreign objects. Expressions cannot tell, as the checker knows the type by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sampan.core.classes import frozen

TAG = "\x01"
"""Begins the one key of a tagged value: no name in an object that means anything does."""

QUANTITY = "kubernetes.Quantity"
SEMVER = "kubernetes.Semver"
IP = "net.IP"
CIDR = "net.CIDR"
URL = "kubernetes.URL"
FORMAT = "kubernetes.NamedFormat"
AUTHORIZER = "kubernetes.authorization.Authorizer"
CHECK = "kubernetes.authorization.Check"
DECISION = "kubernetes.authorization.Decision"
OPAQUE = (QUANTITY, SEMVER, IP, CIDR, URL, FORMAT, AUTHORIZER, CHECK, DECISION)
CARRIED = "map(string, string)"
"""What the evaluator takes all of them for."""


@frozen
class Function:
    """``types``: the parameters (a method's own object first), and ``result``, by signatures as the checker knows them."""

    name: str
    types: Sequence[str]
    result: str
    run: Callable[..., Any]
    is_method: bool = True

    def fits(self, arguments: Sequence[Any]) -> bool:
        """Whether arguments that are tagged have the tags of this function's types."""
        return all(
            kind not in OPAQUE or is_tagged(kind, each) for kind, each in zip(self.types, arguments, strict=True)
        )


def tagged(kind: str, value: str) -> dict[str, str]:
    return {f"{TAG}{kind}": value}


def is_tagged(kind: str, value: Any) -> bool:
    return isinstance(value, Mapping) and f"{TAG}{kind}" in value


def untagged(kind: str, value: Any) -> str:
    """Raises `ValueError` for a value of another type."""
    if is_tagged(kind, value):
        return str(value[f"{TAG}{kind}"])
    raise ValueError("no such overload")
