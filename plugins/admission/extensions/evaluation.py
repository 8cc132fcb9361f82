"""One evaluation of a policy: its variables, and what its expressions give for one request and one set of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sampan.core.cel.environment import Values
from sampan.core.cel.errors import CelError
from sampan.core.cel.library.authorization import asking
from sampan.core.cel.mutations import constructed
from sampan.core.cel.values import part
from sampan.core.cel.variables import environment
from sampan.core.contracts.access import AccessContext, AdmissionRequest
from sampan.core.model.rules.admissionregistration_v1.policies import variables_of
from sampan.plugins.admission.extensions.conditions import answers, variables

Value = Mapping[str, Any]
_USED: Final = re.compile(r"\bvariables\s*\.\s*\??\s*([A-Za-z_]\w*)")


class Evaluation:
    """Variables are worked out when an expression that uses them is evaluated, and once."""

    def __init__(self, spec: Value, request: AdmissionRequest, context: AccessContext, params: Value | None) -> None:
        self._spec = spec
        self._answer = answers(request.user, context.authorizer)
        self._base = {**variables(request), "namespaceObject": _namespace(request, context)}
        if spec.get("paramKind"):
            self._base["params"] = params
        self._sources = {each["name"]: each["expression"] for each in spec.get("variables") or ()}
        self._known: dict[str, Any] = {}
        self._environment = environment(variables_of(spec))
        self._values: tuple[int, Values] | None = None

    def __call__(self, source: str, *, constructs: bool = False) -> Any:
        """What the expression gives. Raises `CelError`."""
        self._work_out(source)
        program = self._environment.compile(constructed(source) if constructs else source, mixed=constructs)
        with asking(self._answer):
            return program.evaluate(self._current())

    def _work_out(self, source: str) -> None:
        for name in _USED.findall(source):
            if name in self._sources and name not in self._known:
                try:
                    self._known[name] = part(self(self._sources[name]))
                except CelError as error:
                    raise CelError(f'composited variable "{name}" fails to evaluate: {error.message}') from None

    def _current(self) -> Values:
        """The values with all variables that are known by now."""
        if self._values is None or self._values[0] != len(self._known):
            given = {**self._base, **({"variables": self._known} if self._sources else {})}
            self._values = (len(self._known), self._environment.values(given))
        return self._values[1]


def _namespace(request: AdmissionRequest, context: AccessContext) -> Value | None:
    return context.reader.get("namespaces", "", request.namespace) if request.namespace else None


def failed(source: str, error: CelError) -> str:
    return f"expression '{source}' resulted in error: {error.message}"
