"""How a model class comes to be: its slots at once, its methods when one of them is first called.

attrs writes, compiles and runs Python source for the methods of each class. For all of Kubernetes' types that was half of a
start, and most clusters make objects of few of them. So a class gets its slots here, and what attrs makes of it is put in
its place on first use: from then on it is an attrs class like any other. `attrs.fields`, `attrs.has`, `attrs.evolve` and
classes that inherit from it see no difference.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from functools import partial
from types import CellType, FunctionType
from typing import Any, Final, NoReturn, TypeVar, cast

import attrs

T = TypeVar("T")

MISSING: Final[Any] = object()
_making = threading.RLock()


@attrs.define(slots=True, eq=False)
class Declared:
    """A field as a class body declares it: its default, if it has one, and attrs' metadata."""

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

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        _complete(self.owner)
        made = self.owner.__dict__[self.name]
        return made.__get__(instance, cls) if hasattr(made, "__get__") else made


class _LaterInit(_Later):
    """The same for ``__init__``: the one object of a class that is its field's default in another needs nothing made."""

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        return super().__get__(instance, cls) if instance is None else partial(self._make, instance)

    def _make(self, instance: Any, **values: Any) -> None:
        defaults = None if values else _plain_defaults(self.owner)
        if defaults is None:
            super().__get__(instance, self.owner)(**values)
            return
        for name, value in defaults.items():
            object.__setattr__(instance, name, value)


def frozen_class(cls: type[T]) -> type[T]:
    """``cls`` as attrs' ``frozen(kw_only=True, slots=True)`` makes it; most of it when it is needed."""
    declared = {name: cls.__dict__.get(name, MISSING) for name in _own_fields(cls)}
    inherited = {name for base in cls.__mro__[1:-1] for name in base.__dict__.get("__slots__", ())}
    slots = tuple(name for name in (*declared, "__weakref__") if name not in inherited)
    body = {name: value for name, value in cls.__dict__.items() if name not in declared and name not in _NOT_COPIED}
    for name in _BY_ATTRS:
        body.setdefault(name, _LaterInit() if name == "__init__" else _Later())
    body |= {"__slots__": slots, "__qualname__": cls.__qualname__, "__declared__": declared, **_FROZEN}
    made = type(cast(type, cls))(cls.__name__, cls.__bases__, body)
    _repoint(made, cls)
    return cast(type[T], made)


def _own_fields(cls: type) -> list[str]:
    return [name for name, hint in inspect.get_annotations(cls).items() if "ClassVar" not in str(hint)]


def _plain_defaults(cls: type) -> dict[str, Any] | None:
    """The value of each field in an object that is made without arguments, where that takes no attrs to know."""
    defaults: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        if "__declared__" not in base.__dict__:
            return None
        for name, declared in base.__dict__["__declared__"].items():
            default = declared.default if isinstance(declared, Declared) else declared
            if default is MISSING or type(declared).__module__.startswith("attr"):
                return None
            defaults[name] = default
    return defaults


def _complete(cls: type) -> None:
    """Put what attrs makes of the class into it, in place of each `_Later`."""
    with _making:
        if not isinstance(cls.__dict__["__attrs_attrs__"], _Later):
            return
        fields = {
            name: each.as_attrs() if isinstance(each, Declared) else each
            for name, each in cls.__dict__["__declared__"].items()
            if each is not MISSING
        }
        about = {
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__annotations__": inspect.get_annotations(cls),
        }
        pattern = type(cls.__name__, cls.__bases__, about | fields)
        made = attrs.frozen(kw_only=True, slots=True)(pattern)
        for name in reversed(_BY_ATTRS):  # the fields last: they say that all is there
            if isinstance(cls.__dict__[name], _Later):
                setattr(cls, name, made.__dict__[name])


def _refuse_set(self: Any, name: str, value: Any) -> NoReturn:
    raise attrs.exceptions.FrozenInstanceError()


def _refuse_delete(self: Any, name: str) -> NoReturn:
    raise attrs.exceptions.FrozenInstanceError()


_BY_ATTRS: Final = (
    "__attrs_attrs__",
    "__init__",
    "__eq__",
    "__hash__",
    "__repr__",
    "__getstate__",
    "__setstate__",
)
_FROZEN: Final = {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
_NOT_COPIED: Final = ("__dict__", "__weakref__")


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
