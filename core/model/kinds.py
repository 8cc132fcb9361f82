"""What makes a model class a *kind*: its names, its subresources, its table columns and its rules of life.

``@kind(...)`` on a class is all it takes to add one, for built-ins and for plugins alike. Rules work on *wire values*
(JSON as dicts and lists, before and after defaulting), because an invalid object has no typed form yet, and every cause
must be reported at once, in Kubernetes' order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import Cause
from sampan.core.model.meta import model, wire
from sampan.core.model.meta_v1.object_meta import ObjectMeta
from sampan.core.model.storage import Storage, Stored, ViewOf

Json = Any
JsonObject = MutableMapping[str, Any]
Path = str
"""A wire path: ``spec.containers[0].name``."""

C = TypeVar("C", bound="type[KubeObject]")


@frozen(kw_only=True)
class Column:
    """A column of the kind's Table (`kubectl get`).

    ``cell`` is a JSONPath as in ``additionalPrinterColumns`` (``.spec.nodeName``), or a function of the wire object and
    now. ``priority`` 0 is always shown, 1 with ``-o wide``. ``type`` and ``format`` are OpenAPI's.
    """

    name: str
    cell: str | Callable[[Mapping[str, Any], datetime], Any]
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


@frozen(kw_only=True)
class Scale:
    """Where the ``scale`` subresource finds its numbers (the same three paths as a CRD's)."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ".status.selector"


class KindRules:
    """What a kind does beyond its types. Each method's default is right for a plain kind; all work in place or yield.

    They are called by the API server in Kubernetes' order. Create: `default`, mutating admission, `default`,
    `prepare_create`, `validate`, `validate_create`, validating admission. Update: the same with `prepare_update` and
    `validate_update`. None may block or keep state.
    """

    revalidates_metadata: int = 0
    """How often Kubernetes checks this kind's whole metadata once more on an update (and lists each finding once more)."""
    rechecks_changes: bool = True
    """What changed in the metadata of an object is looked at once more after the pass that all kinds have."""
    revalidates_status: bool = False
    """The same for a write of the status, which looks at the whole metadata for few kinds."""
    rechecks_status: bool = True
    """The same for a write of the status."""
    status_keeps: tuple[str, ...] = ()
    """Parts of the metadata that a write of the status leaves as they are, whatever it says."""
    resets: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    """By subresource, the fields that a write cannot change whatever it says, where those are not simply the other half."""
    any_finalizer: bool = False
    """A finalizer needs no slash: kinds that users define, the kind that defines them, leases."""
    checks_prefix: bool = True
    """A ``generateName`` is checked as the name is that is made of it."""
    metadata_last: bool = False
    """A new object's metadata is looked at once all else is right, and its name only as a part of a URL."""
    metadata_second: bool = False
    """A new object's metadata is looked at between what all of its objects must have and `validate_create`."""
    annotations_of_whole: tuple[str, ...] = ()
    """Annotations that metadata alone goes without: Kubernetes makes them of a field when it writes the whole object."""
    lasting_fields: tuple[str, ...] = ()
    """What cannot change: an update does not tell what is wrong in or below these, as it was there before."""
    counts_deletion: bool = True
    """That an object is deleted is a change of it that its generation counts."""
    changes_first: bool = False
    """What an update may not change is told before what is wrong with the object as it would be."""
    graceful: bool = False
    """A deleted object stays for its `grace_period`. Only pods have one."""

    def default(self, obj: JsonObject) -> None:
        """Fill in defaults that depend on other fields (those that don't are the fields' ``api_default``)."""

    def prepare_create(self, obj: JsonObject) -> None:
        """Set what a client may not choose (``status`` has been dropped and generation set where the kind has them)."""

    def prepare_update(self, obj: JsonObject, old: Mapping[str, Any], subresource: str) -> None:
        """Carry over what this request may not change; ``subresource`` is ``""`` for the object itself."""

    def validate(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        """What is wrong beyond the types' own rules (`struct_rules` are run by the walk already)."""
        return ()

    def validate_create(self, obj: Mapping[str, Any]) -> Iterable[Cause]:
        """What only a new object may not have."""
        return ()

    def validate_update(self, obj: Mapping[str, Any], old: Mapping[str, Any], subresource: str) -> Iterable[Cause]:
        """What may not change; immutable fields are checked already."""
        return ()

    def namespace_needs(self, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterable[tuple[str, Cause]]:
        """Labels that the object's namespace must have set to ``true``, each with the refusal where it has not.

        ``old`` is what there was before an update.
        """
        return ()

    def warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        """What the ``Warning`` header should tell the writer of a valid object."""
        return ()

    def new_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        """The same, of what is only worth telling while the object is new."""
        return ()

    def change_warnings(self, obj: Mapping[str, Any], old: Mapping[str, Any]) -> Iterable[str]:
        """The same, of a change that is no write of a subresource."""
        return ()

    def spec_warnings(self, obj: Mapping[str, Any]) -> Iterable[str]:
        """The same, told where the object is new or `generation_input` has changed."""
        return ()

    def generation_input(self, obj: Mapping[str, Any]) -> Json:
        """What bumps ``metadata.generation`` when it changes."""
        return obj.get("spec")

    def expires_at(self, obj: Mapping[str, Any]) -> datetime | None:
        """When a stored object goes by itself; ``None``: never."""
        return None

    def grace_period(self, obj: Mapping[str, Any], requested: int | None) -> int:
        """Seconds that a deleted object stays; 0 removes it at once. Asked where the kind is `graceful`."""
        return 0

    def concerns(self, cause: Cause, subresource: str) -> bool:
        """Whether something that is wrong with an object refuses a change of it; of a new object all does."""
        return not self.lasting_fields or not cause.field.startswith(self.lasting_fields)

    def begin_delete(self, obj: JsonObject) -> None:
        """What the first delete writes into an object, which has its ``deletionTimestamp`` already."""

    def may_be_removed(self, obj: Mapping[str, Any]) -> bool:
        """Whether nothing but its ``metadata.finalizers`` can hold a deleted object."""
        return True


@frozen(kw_only=True)
class KindInfo:
    """Everything the API server knows of a kind that its fields don't say."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    list_kind: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    namespaced: bool = True
    verbs: tuple[str, ...] = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
    has_status: bool = False
    status_on_create: bool = False
    """A new object may bring its status (a node that registers itself)."""
    has_generation: bool = False
    scale: Scale | None = None
    subresources: tuple[str, ...] = ()
    """Further ones by name (``log``, ``exec``, ``binding``); ``status`` and ``scale`` follow from the two above."""
    columns: tuple[Column, ...] = ()
    selectable_fields: tuple[str, ...] = ()
    """Field selectors beyond ``metadata.name`` and ``metadata.namespace``: wire paths without a leading dot."""
    field_readers: Mapping[str, Callable[[Mapping[str, Any]], str]] = attrs.field(factory=dict)
    """How to read a selectable field that is not simply a path (``source`` of events)."""
    name_format: str = "dns1123-subdomain"
    delete_answers_object: bool = False
    orphans_by_default: bool = False
    """Kubernetes' legacy default: a DELETE without a propagation policy leaves the dependents."""
    create_on_update: bool = False
    """A PUT to a name that is not there creates the object."""
    unconditional_update: bool = True
    """A PUT may leave out the resourceVersion."""
    deprecation: str = ""
    """What the ``Warning`` header tells everybody who asks for this version."""
    without_effect: str = ""
    """What does not happen to objects of this kind, which are only stored: told to everybody who writes one."""
    rules: KindRules = attrs.field(factory=KindRules)
    storage: Storage = attrs.field(factory=Stored)
    keeper: str = ""
    """What the API server hands out to objects of this kind and takes back when they go (a Service's addresses)."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_view(self) -> bool:
        """Its objects are those of another kind: whoever follows all objects follows that one."""
        return isinstance(self.storage, ViewOf)

    @property
    def resource(self) -> str:
        """``deployments.apps``; ``pods`` for the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@model
class KubeObject:
    """What every kind has. ``apiVersion`` and ``kind`` come from the class (`info`)."""

    __kind__: ClassVar[KindInfo]

    metadata: ObjectMeta = wire(default=ObjectMeta(), emit="always")
    """Name, namespace, labels and the other data that every object carries."""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace (``""`` for cluster-scoped kinds) and name."""
        return (self.metadata.namespace or "", self.metadata.name or "")


def kind(
    api_version: str,
    *,
    plural: str,
    name: str | None = None,
    singular: str | None = None,
    **about: Any,
) -> Callable[[C], C]:
    """Make a model class (a subclass of `KubeObject`) a kind. ``about`` are the fields of `KindInfo`.

    >>> @kind("example.com/v1", plural="boats", short_names=("bo",))
    ... @model
    ... class Boat(KubeObject):
    ...     spec: BoatSpec = wire(default=BoatSpec(), emit="always")
    """
    group, _, version = api_version.rpartition("/")

    def decorate(cls: C) -> C:
        kind_name = name or cls.__name__
        cls.__kind__ = KindInfo(
            group=group,
            version=version,
            kind=kind_name,
            plural=plural,
            singular=singular or kind_name.lower(),
            list_kind=f"{kind_name}List",
            **about,
        )
        return cls

    return decorate


def kind_of(cls: type) -> KindInfo | None:
    """What ``@kind`` said of this very class; ``None`` for one that is a part of kinds, or made from one."""
    found: KindInfo | None = cls.__dict__.get("__kind__")
    return found


def info(cls: type) -> KindInfo:
    """The kind's description. Raises `TypeError` for a class without ``@kind``."""
    found = kind_of(cls)
    if found is None:
        raise TypeError(f"{cls.__name__} is not a kind: decorate it with @kind(...)")
    return found


StructRule = Callable[[Mapping[str, Any], Path], Iterable[Cause]]


@frozen
class StructRules:
    """Checks of a class's values. ``whole``: of everything in and below one, so that the walk leaves its fields alone."""

    check: StructRule
    whole: bool = False


def struct_rules_of(cls: type) -> StructRules | None:
    """What `struct_rules` attached to this very class."""
    found: StructRules | None = cls.__dict__.get("__struct_rules__")
    return found


def struct_rules(cls: type, *, whole: bool = False) -> Callable[[StructRule], StructRule]:
    """Attach checks to a model class: run wherever the validation walk meets a value of it, after its fields' own.

    The function gets the wire value and its path, and yields causes with full paths. ``whole``: it speaks for the fields
    too (required, enums, what is below), because Kubernetes checks them in an order, or with exceptions, that a walk
    over the types cannot know (a pod's containers and the volumes that they mount).
    """

    def decorate(rule: StructRule) -> StructRule:
        cls.__struct_rules__ = StructRules(rule, whole)  # type: ignore[attr-defined]
        return rule

    return decorate


Propagation = Literal["Orphan", "Background", "Foreground"]
