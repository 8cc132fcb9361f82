"""Stage files (``kwok.x-k8s.io/v1alpha1``): read strictly, since a part that is passed over would silently not happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
import yaml

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError
from sampan.core.model.meta import camel_case

API_VERSION, KIND = "kwok.x-k8s.io/v1alpha1", "Stage"


@frozen(kw_only=True)
class JqExpression:
    expression: str


@frozen(kw_only=True)
class ExpressionFrom:
    """Where a number or a duration comes from; the older form, or ``jq``."""

    expression_from: str = ""
    jq: JqExpression | None = None

    @property
    def text(self) -> str:
        return self.jq.expression if self.jq else self.expression_from


@frozen(kw_only=True)
class JqSelector:
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


@frozen(kw_only=True)
class MatchExpression:
    """The older form, or ``jq``."""

    key: str = ""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] | None = None
    values: tuple[str, ...] = ()
    jq: JqSelector | None = None


@frozen(kw_only=True)
class Selector:
    match_labels: Mapping[str, str] = attrs.field(factory=dict)
    match_annotations: Mapping[str, str] = attrs.field(factory=dict)
    match_expressions: tuple[MatchExpression, ...] = ()


@frozen(kw_only=True)
class Delay:
    duration_milliseconds: int | None = None
    duration_from: ExpressionFrom | None = None
    jitter_duration_milliseconds: int | None = None
    jitter_duration_from: ExpressionFrom | None = None


@frozen(kw_only=True)
class StageEvent:
    type: Literal["Normal", "Warning"] = "Normal"
    reason: str = ""
    message: str = ""


@frozen(kw_only=True)
class Finalizer:
    value: str


@frozen(kw_only=True)
class Finalizers:
    add: tuple[Finalizer, ...] = ()
    remove: tuple[Finalizer, ...] = ()
    empty: bool = False


@frozen(kw_only=True)
class StagePatch:
    template: str
    subresource: str = ""
    root: str = ""
    type: Literal["merge", "strategic"] = "strategic"


@frozen(kw_only=True)
class Step:
    event: StageEvent | None = None
    finalizers: Finalizers | None = None
    delete: bool = False
    patch: StagePatch | None = None


@frozen(kw_only=True)
class Next:
    """The older form of ``steps``."""

    event: StageEvent | None = None
    finalizers: Finalizers | None = None
    delete: bool = False
    patches: tuple[StagePatch, ...] = ()
    status_template: str = ""
    status_subresource: str = "status"

    def steps(self) -> Iterator[Step]:
        yield Step(event=self.event, finalizers=self.finalizers, delete=self.delete)
        for patch in self.patches:
            yield Step(patch=patch)
        if self.status_template:
            patch = StagePatch(template=self.status_template, subresource=self.status_subresource, root="status")
            yield Step(patch=patch)


@frozen(kw_only=True)
class ResourceRef:
    api_group: str = "v1"
    kind: str


@frozen(kw_only=True)
class StageSpec:
    resource_ref: ResourceRef
    selector: Selector | None = None
    """None matches nothing."""
    weight: int = 0
    weight_from: ExpressionFrom | None = None
    delay: Delay | None = None
    next: Next | None = None
    steps: tuple[Step, ...] = ()
    immediate_next_stage: bool = False
    """Objects are looked at again at once in any case."""

    def all_steps(self) -> tuple[Step, ...]:
        return (*self.steps, *(self.next.steps() if self.next else ()))


@frozen(kw_only=True)
class NamedStage:
    name: str
    spec: StageSpec


def read_stages(places: Iterable[str]) -> list[NamedStage]:
    """Those of pods, from files, or folders with ``.yaml`` files. Raises `ConfigError`.

    Stages of nodes are passed over: nodes of sampan have agents, which tell that they are there.
    """
    found: list[NamedStage] = []
    for place in places:
        path = Path(place).expanduser()
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        for file in files:
            found += _of_file(file)
    pods = [stage for stage in found if stage.spec.resource_ref.kind == "Pod"]
    if not pods:
        raise ConfigError(f"there are no stages of pods in {', '.join(places)}")
    return pods


def _of_file(file: Path) -> Iterator[NamedStage]:
    try:
        documents = list(yaml.safe_load_all(file.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"cannot read the stages {file}: {' '.join(str(exc).split())}") from exc
    for document in documents:
        if document is None or (isinstance(document, Mapping) and document.get("kind") == "Kustomization"):
            continue
        yield _stage(file, document)


def _stage(file: Path, document: Any) -> NamedStage:
    if not isinstance(document, Mapping) or (document.get("apiVersion"), document.get("kind")) != (API_VERSION, KIND):
        raise ConfigError(f"{file} has something else than a {KIND} of {API_VERSION}")
    name = str((document.get("metadata") or {}).get("name") or "")
    import cattrs

    try:
        spec: StageSpec = _converter().structure(document.get("spec") or {}, StageSpec)
    except (cattrs.BaseValidationError, ValueError, TypeError) as exc:
        problems = "; ".join(cattrs.transform_error(exc, path="spec", format_exception=_words))
        raise ConfigError(f"the stage {name!r} of {file} cannot be played: {problems}") from exc
    if spec.resource_ref.kind not in ("Pod", "Node"):
        raise ConfigError(f"the stage {name!r} of {file} is of {spec.resource_ref.kind}: only pods have stages here")
    return NamedStage(name=name, spec=spec)


@cache
def _converter() -> Any:
    import cattrs
    from cattrs.gen import make_dict_structure_fn, override

    made = cattrs.Converter()

    def strictly(cls: Any) -> Callable[[Any, Any], Any]:
        names = {field.name: override(rename=camel_case(field.name)) for field in attrs.fields(cls)}
        return make_dict_structure_fn(cls, made, _cattrs_forbid_extra_keys=True, **names)  # type: ignore[arg-type]

    made.register_structure_hook_factory(attrs.has, strictly)
    for kind in (str, int, bool):
        made.register_structure_hook(kind, _exactly(kind))
    return made


def _exactly(kind: type) -> Callable[[Any, Any], Any]:
    def check(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is not of type {kind.__name__}")
        return value

    return check


def _words(exc: BaseException, _kind: type | None) -> str:
    import cattrs

    if isinstance(exc, cattrs.ForbiddenExtraKeysError):
        return f"{', '.join(sorted(exc.extra_fields))} is not served"
    return f"{exc} is missing" if isinstance(exc, KeyError) else " ".join(str(exc).split())
