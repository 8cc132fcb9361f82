"""Registered parts, sort by sort: what makes each, who brought it, and how one is chosen by name or by ``auto``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Generic, TypeVar

from sampan.core.classes import frozen
from sampan.core.contracts.conformance import class_lacks, lacks
from sampan.core.errors import ConfigError, SampanError

P = TypeVar("P")
Availability = Callable[[], str | None]
"""Why a part cannot work on this machine, in one sentence; ``None``: it can. Must be quick."""


@frozen
class Part(Generic[P]):
    """One registered part: what makes it, who brought it, and how ``auto`` ranks it."""

    name: str
    make: Callable[..., P]
    plugin: str
    unavailable: Availability
    rank: int | None
    """``auto`` tries parts by ascending rank; ``None`` is never chosen unasked."""
    doc: str


class Parts(Generic[P]):
    """The parts of one sort. ``contract`` is what they are: ``module:Class`` in `sampan.core`, or of a library."""

    def __init__(self, sort: str, contract: str) -> None:
        self.sort = sort
        self._contract = contract
        self._parts: dict[str, Part[P]] = {}

    @property
    def contract(self) -> type:
        """Imported when it is first asked for: `sampan --help` needs none."""
        module, _, name = self._contract.partition(":")
        found: type = getattr(import_module(module), name)
        return found

    def add(self, part: Part[P]) -> None:
        if other := self._parts.get(part.name):
            raise ConfigError(
                f"two plugins bring a {self.sort} named {part.name!r}: {other.plugin} and {part.plugin};"
                " block one of them"
            )
        self._parts[part.name] = part

    def forget(self, plugin: str) -> None:
        """Take out what ``plugin`` has brought."""
        self._parts = {name: part for name, part in self._parts.items() if part.plugin != plugin}

    def __iter__(self) -> Iterator[Part[P]]:
        return iter(sorted(self._parts.values(), key=lambda part: part.name))

    def find(self, name: str) -> Part[P]:
        try:
            return self._parts[name]
        except KeyError:
            names = ", ".join(sorted(self._parts)) or "none"
            raise ConfigError(f"there is no {self.sort} named {name!r}: there are {names}") from None

    def choose(self, name: str, why_not: Callable[[Part[P]], str | None] = lambda _part: None) -> tuple[Part[P], str]:
        """The part called ``name``, or for ``auto`` the first available by rank; and a sentence on why.

        ``why_not``: what else speaks against a part that is not asked for by name; it may take its time.
        """
        if name != "auto":
            part = self.find(name)
            if reason := part.unavailable():
                raise ConfigError(f"the {self.sort} {name!r} cannot work here: {reason}")
            return part, "asked for"
        passed_over: list[str] = []
        for part in sorted(self._parts.values(), key=lambda part: (part.rank is None, part.rank, part.name)):
            if part.rank is None:
                break
            reason = part.unavailable() or why_not(part)
            if reason is None:
                return part, "; ".join(["the first available", *passed_over])
            passed_over.append(f"{part.name}: {reason}")
        raise ConfigError(f"no {self.sort} can work here: {'; '.join(passed_over) or 'none is installed'}")


def checked_part(
    parts: Parts[Any], name: str, make: Callable[..., Any], plugin: str, unavailable: Availability, rank: int | None
) -> Part[Any]:
    """A part held against its contract: a class at once, and what it makes when it is made.

    Raises `ConfigError` that names the plugin, now or from the part's ``make``.
    """
    who = f"the plugin {plugin!r}"
    if not isinstance(name, str) or not name or name.split() != [name]:
        raise ConfigError(f"{who} names a {parts.sort} {name!r}: a name is a text without spaces")
    if not callable(make):
        raise ConfigError(
            f"{who} registers {make!r} as the {parts.sort} {name!r}: give the class or a function that makes one"
        )
    if isinstance(make, type) and (problems := class_lacks(parts.contract, make)):
        raise ConfigError(_no_such_part(who, parts, name, make.__name__, problems))
    doc = (make.__doc__ or "").strip().partition("\n")[0].replace("``", "`")
    return Part(name, _checked(parts, name, make, who), plugin, unavailable, rank, doc)


def _checked(parts: Parts[Any], name: str, make: Callable[..., Any], who: str) -> Callable[..., Any]:
    """``make``, whose failures and wrong outcomes are `ConfigError`s that name the plugin."""

    def checked(*arguments: Any, **keywords: Any) -> Any:
        try:
            made = make(*arguments, **keywords)
        except SampanError:
            raise
        except Exception as exc:
            what = f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__
            raise ConfigError(f"{who} cannot make its {parts.sort} {name!r}: {what}") from exc
        if problems := lacks(parts.contract, made):
            raise ConfigError(_no_such_part(who, parts, name, type(made).__name__, problems))
        return made

    return checked


def _no_such_part(who: str, parts: Parts[Any], name: str, found: str, problems: tuple[str, ...]) -> str:
    return f"{who} brings a {parts.sort} {name!r} that is none: {found} {'; it '.join(problems)}"
