"""Schema types read off the attrs classes of the object model.

Called lazily by `sampan.core.schema.resource`; each class is read once, on first use, so that importing the model costs
nothing and classes may contain themselves. Any thread: reading a class twice gives equal types.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from sampan.core.classes import has_fields
from sampan.core.model.kinds import KindInfo, kind_of, struct_rules_of
from sampan.core.model.meta import Loose, MicroTime, Quantity, Wire, wire_name, wire_of
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.unstructured import Unstructured
from sampan.core.schema.docstrings import attribute_docs, prose
from sampan.core.schema.types import NO_LIMITS, Field, Limits, List, Map, Scalar, ScalarKind, Struct, Type

_SCALARS: Mapping[Any, ScalarKind] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    bytes: "bytes",
    datetime: "time",
    MicroTime: "micro-time",
    Quantity: "quantity",
    Any: "any",
}
_STRUCTS: dict[type, Struct] = {}
_PACKAGES: Mapping[str, str] = {
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
    "meta": "io.k8s.apimachinery.pkg.apis.meta",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
}
"""Where Kubernetes defines the groups that are not in ``k8s.io/api``."""


def struct_of(cls: type) -> Struct:
    """The type of a model class. A kind's has ``kind`` and ``apiVersion`` as its first fields."""
    struct = _STRUCTS.get(cls)
    if struct is None and issubclass(cls, Unstructured):
        struct = _STRUCTS[cls] = _unstructured(cls)
    if struct is None:
        struct = Struct(
            make_fields=lambda: _fields_of(cls),
            definition=definition_of(cls),
            map_type=getattr(cls, "__map_type__", "granular"),
            find_rules=lambda: struct_rules_of(cls),
            doc=prose(cls.__dict__.get("__doc__") or ""),
            find_docs=lambda: _docs_of(cls),
        )
        struct = _STRUCTS.setdefault(cls, struct)
    return struct


def _unstructured(cls: type[Unstructured]) -> Struct:
    """Whatever it holds is kept as it is; only the metadata has a type."""
    text = Scalar(kind="string")
    fields = {name: Field(name=name, type=text) for name in ("kind", "apiVersion")}
    return Struct(
        make_fields=lambda: {**fields, "metadata": Field(name="metadata", type=struct_of(ObjectMeta))},
        definition=definition_of(cls),
        preserve_unknown=True,
        verbatim=True,
    )


def definition_of(cls: type) -> str:
    """The class's name in OpenAPI: ``io.k8s.api.core.v1.Pod`` for a built-in, the reversed group for a plugin's kind."""
    _, _, below = cls.__module__.partition("sampan.core.model.")
    folder = below.partition(".")[0]
    group, _, version = folder.rpartition("_")
    if group in _PACKAGES:
        return f"{_PACKAGES[group]}.{version}.{cls.__name__}"
    if group:
        return f"io.k8s.api.{group}.{version}.{cls.__name__}"
    info = kind_of(cls)
    if info is not None and info.group:
        return group_definition(info, cls.__name__)
    return f"{cls.__module__}.{cls.__name__}"


def group_definition(info: KindInfo, name: str) -> str:
    """A name in the style of Kubernetes' custom resources: ``com.example.v1.Boat``."""
    return ".".join([*reversed(info.group.split(".")), info.version, name])


def _fields_of(cls: type) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    if kind_of(cls) is not None:
        for name in ("kind", "apiVersion"):
            fields[name] = Field(name=name, type=Scalar(kind="string"))
    hints = get_type_hints(cls)
    for attribute in attrs.fields(cls):
        field = _field_of(attribute, hints[attribute.name])
        fields[field.name] = field
    return fields


def _docs_of(cls: type) -> dict[str, str]:
    docs = attribute_docs(cls)
    return {wire_name(each): docs[each.name] for each in attrs.fields(cls) if each.name in docs}


def _field_of(attribute: attrs.Attribute[Any], hint: Any) -> Field:
    wire = wire_of(attribute)
    annotation, optional = _without_none(hint)
    kind = type_of(annotation, wire)
    return Field(
        name=wire_name(attribute),
        type=kind,
        required=wire.required and attribute.default is attrs.NOTHING,
        always_there=wire.required,
        default=wire.api_default,
        emit=wire.emit,
        keep_zero=_keeps_zero(kind, optional, wire),
        immutable=wire.immutable,
        patch_strategy=wire.patch_strategy,
        doc=wire.doc,
    )


def _keeps_zero(kind: Type, optional: bool, wire: Wire) -> bool:
    """Which explicit zeros mean something: see `sampan.core.model.meta.wire`."""
    if wire.keep_zero is not None:
        return wire.keep_zero
    if wire.required:
        return True
    return optional and isinstance(kind, Scalar) and kind.kind in ("integer", "number", "boolean", "int-or-string")


def type_of(annotation: Any, wire: Wire) -> Type:
    """The type of an annotation; what ``wire`` says goes to the value itself, or to a list's scalar items."""
    if wire.loose is not None and annotation is Any:
        return _loose(wire.loose)
    if annotation in _SCALARS:
        return Scalar(kind=_SCALARS[annotation], limits=_limits(wire))
    if has_fields(annotation):
        return _struct_as(struct_of(annotation), wire)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return List(
            item=type_of(arguments[0], _about_items(wire)),
            list_type=wire.list_type or "atomic",
            map_keys=wire.map_keys,
            merge_key=wire.merge_key,
            patch_strategy=wire.patch_strategy,
        )
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return Map(value=type_of(arguments[1], _about_items(wire)), map_type=wire.map_type or "granular")
    if set(arguments) == {int, str}:
        return Scalar(kind="int-or-string", limits=_limits(wire))
    if isinstance(getattr(annotation, "__supertype__", None), type):
        return type_of(annotation.__supertype__, wire)
    raise TypeError(f"the object model has no type for the annotation {annotation!r}")


def _struct_as(struct: Struct, wire: Wire) -> Struct:
    """The struct as a field treats it, which may be another way than everywhere else."""
    if wire.map_type in (None, struct.map_type):
        return struct
    return attrs.evolve(struct, map_type=wire.map_type, base=struct)


def _loose(about: Loose) -> Type:
    """Raw JSON of which more is known."""
    if about.like is None:
        return Scalar(kind="any", definition=about.definition)
    cls = about.like()
    if not about.or_else:
        return struct_of(cls)
    like = struct_of(cls)
    return Struct(
        make_fields=lambda: like.fields,
        definition=about.definition,
        or_else=about.or_else,
        doc=like.doc,
        find_docs=lambda: like.docs,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """``X`` and True for ``X | None``."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    arguments = tuple(each for each in get_args(annotation) if each is not type(None))
    optional = len(arguments) < len(get_args(annotation))
    return (arguments[0] if len(arguments) == 1 else Union[arguments]), optional  # noqa: UP007 - built at run time


def _about_items(wire: Wire) -> Wire:
    """``format``, ``enum`` and the like on a list or map speak of its values."""
    return Wire(
        format=wire.format,
        enum=wire.enum,
        minimum=wire.minimum,
        maximum=wire.maximum,
        max_length=wire.max_length,
        pattern=wire.pattern,
        loose=wire.loose,
    )


def _limits(wire: Wire) -> Limits:
    enum = tuple(sorted(wire.enum)) if all(isinstance(each, str) for each in wire.enum) else wire.enum
    limits = Limits(
        format=wire.format,
        enum=enum,
        minimum=wire.minimum,
        maximum=wire.maximum,
        max_length=wire.max_length,
        pattern=wire.pattern,
    )
    return NO_LIMITS if limits == NO_LIMITS else limits
