"""attrs classes of which only what is used is made.

attrs writes, compiles and runs Python source for the methods of each class, which takes a millisecond. Of the 900 classes
that a cluster knows of, a third are ever used in it, and few of those are compared or printed. So a class gets its slots
here, and what attrs makes of it when that is first looked for: from then on it is the attrs class that it would have been.
`attrs.fields`, `attrs.has`, `attrs.evolve` and classes that inherit from it see no difference.

>>> from sampan.core.classes import define, frozen
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import attrs

MISSING: Final[Any] = object()
FEW: Final = 10
"""Objects of a class that are filled by hand: it takes attrs as long to make an ``__init__`` as to fill some fifty so."""
_making = threading.RLock()

_FIELDS: Final = {"eq": False, "repr": False}
_EQUALITY: Final = {"init": False, "repr": False}
_TEXT: Final = {"init": False, "eq": False}
_MAKES: Final[Mapping[str, Mapping[str, bool]]] = {
    "__init__": _FIELDS,
    "__getstate__": _FIELDS,
    "__setstate__": _FIELDS,
    "__attrs_attrs__": _FIELDS,
    "__eq__": _EQUALITY,
    "__hash__": _EQUALITY,
    "__repr__": _TEXT,
}
"""What attrs is told to leave out where it is to make this; what it makes at once is put in place in this order."""


@attrs.define(eq=False)
class Declared:
    """A field as a class body declares it, without asking attrs: its default, if it has one, and attrs' metadata."""

    default: Any
    metadata: Mapping[str, Any]

    def as_attrs(self) -> Any:
        if self.default is MISSING:
            return attrs.field(metadata=self.metadata)
        return attrs.field(default=self.default, metadata=self.metadata)


class _Later:
    """Stands for something that attrs makes of a class, and has attrs make it when it is looked for."""

    owner: type
    name: str

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        _make(self.owner, self.name, self.options)
        made = self.owner.__dict__[self.name]
        return made.__get__(instance, cls) if hasattr(made, "__get__") else made


class _LaterInit(_Later):
    """The same for ``__init__``, which the first few objects do without: many a class has no more in a process."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self._filled = 0

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        return super().__get__(instance, cls) if instance is None else partial(self._fill, instance)

    def _fill(self, instance: Any, *arguments: Any, **values: Any) -> None:
        self._filled += 1
        contents = _contents(self.owner, self.options, arguments, values) if self._filled <= FEW else None
        if contents is None:
            super().__get__(instance, self.owner)(*arguments, **values)
            return
        for name, value in contents.items():
            object.__setattr__(instance, name, value)
        if hasattr(self.owner, "__attrs_post_init__"):
            instance.__attrs_post_init__()


def is_complete(cls: type) -> bool:
    """Whether attrs has made the class's fields and ``__init__``."""
    return not isinstance(cls.__dict__["__attrs_attrs__"], _Later)


def has_fields(cls: Any) -> bool:
    """What `attrs.has` says of a class, without anything made of it."""
    return isinstance(cls, type) and any("__attrs_attrs__" in base.__dict__ for base in cls.__mro__)


def _contents(
    cls: type, options: Mapping[str, Any], arguments: tuple[Any, ...], values: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The value of each field of an object, where that takes no attrs to know; its errors are attrs' to raise."""
    defaults = _plain_defaults(cls)
    if defaults is None:
        return None
    names = {name.lstrip("_"): name for name in defaults}
    if arguments:
        mixed = len(cls.__dict__["__declared__"]) < len(names)  # those of a base may be by name alone
        if mixed or options.get("kw_only") or len(arguments) > len(names):
            return None
        given = dict(zip(names, arguments, strict=False))
        if given.keys() & values.keys():
            return None
        values = {**given, **values}
    if not values.keys() <= names.keys():
        return None
    contents = defaults | {names[name]: value for name, value in values.items()}
    return None if any(value is MISSING for value in contents.values()) else contents


def _plain_defaults(cls: type) -> dict[str, Any] | None:
    """Each field's default, or `MISSING`, in their order; None where attrs has to say what is to be done with them."""
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        if "__attrs_attrs__" not in base.__dict__:
            continue
        for name, declared in base.__dict__.get("__declared__", {"": attrs.field()}).items():
            default = declared.default if isinstance(declared, Declared) else declared
            if isinstance(default, _BY_ATTRS):
                return None
            defaults.pop(name, None)  # declared anew, it stands where it is declared last
            defaults[name] = default
    return None if hasattr(cls, "__attrs_pre_init__") else defaults


def _make(cls: type, name: str, options: Mapping[str, Any]) -> None:
    """Put what attrs makes of the class into it, in place of each `_Later` that this is the making of."""
    with _making:
        if not isinstance(cls.__dict__[name], _Later):
            return  # another thread was quicker
        left_out = _MAKES[name]
        made = attrs.define(**{**options, **left_out})(_pattern(cls))
        for each, wants in _MAKES.items():
            if wants is left_out and isinstance(cls.__dict__.get(each), _Later):
                setattr(cls, each, made.__dict__[each])


def _pattern(cls: type) -> type:
    """A class with the same fields and bases, for attrs to work on."""
    body = {
        name: each.as_attrs() if isinstance(each, Declared) else each
        for name, each in cls.__dict__["__declared__"].items()
        if each is not MISSING
    }
    body |= {name: cls.__dict__[name] for name in _IN_PATTERN if name in cls.__dict__}
    body |= {
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__annotations__": inspect.get_annotations(cls),
    }
    return _new(cls, body)


def _new(like: Any, body: dict[str, Any]) -> type:
    made: type = type(like)(like.__name__, like.__bases__, body)
    return made


def _class_of(cls: type, options: Mapping[str, Any]) -> type:
    """``cls`` as ``attrs.define(**options)`` makes it; most of it when it is needed."""
    if issubclass(cls, BaseException) or any(isinstance(each, cached_property) for each in cls.__dict__.values()):
        made: type = attrs.define(**options)(cls)
        return made
    declared = {name: cls.__dict__.get(name, MISSING) for name in _own_fields(cls)}
    body = {name: value for name, value in cls.__dict__.items() if name not in declared and name not in _NOT_COPIED}
    for name, left_out in _MAKES.items():
        if left_out is not _EQUALITY or options.get("eq", True):
            body.setdefault(name, _LaterInit(options) if name == "__init__" else _Later(options))
    if options.get("frozen"):
        body |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
    elif options.get("eq", True) and isinstance(body["__hash__"], _Later):
        body["__hash__"] = None
    body |= {"__slots__": _own_slots(cls, declared), "__qualname__": cls.__qualname__, "__declared__": declared}
    made = _new(cls, body)
    _repoint(made, cls)
    return made


def _own_fields(cls: type) -> list[str]:
    return [name for name, hint in inspect.get_annotations(cls).items() if "ClassVar" not in str(hint)]


def _own_slots(cls: type, declared: Mapping[str, Any]) -> tuple[str, ...]:
    """What no base has a place for."""
    bases = cls.__mro__[1:-1]
    inherited = {name for base in bases for name in base.__dict__.get("__slots__", ())}
    weak = () if any("__weakref__" in base.__dict__ for base in bases) else ("__weakref__",)
    return (*(name for name in declared if name not in inherited), *weak)


def _refuse_set(self: Any, name: str, value: Any) -> NoReturn:
    raise attrs.exceptions.FrozenInstanceError()


def _refuse_delete(self: Any, name: str) -> NoReturn:
    raise attrs.exceptions.FrozenInstanceError()


_BY_ATTRS: Final[tuple[type, ...]] = (type(attrs.field()), type(attrs.Factory(list)))
_NOT_COPIED: Final = ("__dict__", "__weakref__")
_IN_PATTERN: Final = ("__attrs_pre_init__", "__attrs_post_init__", "__orig_bases__")


def _repoint(made: type, cls: type) -> None:
    """Methods that say ``super()`` hold the class in a cell: it must be the new one."""
    for item in made.__dict__.values():
        function = item.fget if isinstance(item, property) else getattr(item, "__func__", item)
        if isinstance(function, FunctionType):
            for cell in function.__closure__ or ():
                if _holds(cell, cls):
                    cell.cell_contents = made


def _holds(cell: CellType, value: Any) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:  # an empty cell
        return False


if TYPE_CHECKING:
    from attrs import define as define
    from attrs import frozen as frozen
else:

    def define(cls: type | None = None, **options: Any) -> type | Callable[[type], type]:
        """`attrs.define` for classes without validators and converters; ``slots`` and ``order`` cannot be chosen."""
        return partial(_class_of, options=options) if cls is None else _class_of(cls, options)

    def frozen(cls: type | None = None, **options: Any) -> type | Callable[[type], type]:
        """`attrs.frozen` in the same way."""
        return define(cls, frozen=True, **options)
