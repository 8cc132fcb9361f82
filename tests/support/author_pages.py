"""Writes the pages for authors that follow from the code: ``python -m tests.support.author_pages``.

docs/hooks.md from the hook specifications, docs/parts.md from the registry and its contracts, docs/how-to.md from the
templates of ``sampan plugins new``. Each is held to the code by a test, so none says anything of its own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Final

from sampan.cli.lifecycle.new_plugin import SORTS, files
from sampan.core import hooks
from sampan.core.plugins.calls import DECISIONS
from sampan.core.plugins.patience import DECISION_LIMIT, LIMIT
from sampan.core.registry import Registry

DOCS: Final = Path(__file__).parents[2] / "docs"
WRITTEN: Final = "This page is written from the code (`python -m tests.support.author_pages`) and held to it by a test."

HOOKS: Final = f"""\
# Hooks

A hook is a plain function in a plugin, marked with `hookimpl` from `sampan.plugin`; it takes any of its arguments.
{WRITTEN}

"""
SAID: Final = {
    "once": ("sampan's main thread, at start-up", "nobody else runs yet", "stops the start, with the plugin's name"),
    "told": (
        "a thread of the plugin's own, one call after another",
        f"may block: nobody waits; after {LIMIT:g} s the plugin is left out until it is back",
        "is logged, counted and said in an event; everything goes on",
    ),
    "waited for": (
        "a thread of the plugin's own",
        f"may block: what is about to happen waits, for {LIMIT:g} s at most",
        "is logged, counted and said in an event; what was about to happen happens",
    ),
    "asked": (
        "a thread of the plugin's own",
        "may block for {limit:g} s at most; then it counts as having said nothing",
        "is logged, counted and said in an event; it counts as having said nothing, and so does a wrong answer",
    ),
}
"""By sort: on which thread, whether it may block, and what becomes of an error."""

PARTS: Final = f"""\
# Parts and their contracts

What a plugin registers in `sampan_register(registry)`, and what each part has to be. Bases with sensible defaults are in
`sampan.plugin`; [how-to](how-to.md) has a whole plugin of every kind.
{WRITTEN}

"""
HOW_TO: Final = f"""\
# How to write each kind of plugin

Every section is what `sampan plugins new NAME --kind KIND` writes: a plugin that does something real, and its test.
Run the test with `python -m pytest`, try the plugin with `sampan plugins check ./NAME.py`, and a cluster with it with
`sampan up --plugin ./NAME.py`.
{WRITTEN}

"""


def specifications() -> list[FunctionType]:
    return [value for name, value in vars(hooks).items() if name.startswith("sampan_")]


def sort_of(hook: FunctionType) -> str:
    """As its docstring says it."""
    found = re.search(r"\b(told|waited for|asked)\b", (inspect.getdoc(hook) or "").lower())
    return found[1] if found else "once"


def hooks_page() -> str:
    return HOOKS + "\n".join(_hook(each) for each in specifications())


def _hook(hook: FunctionType) -> str:
    sort = sort_of(hook)
    limit = DECISION_LIMIT if hook.__name__ in DECISIONS else LIMIT
    thread, blocking, error = (text.format(limit=limit) for text in SAID[sort])
    rows = {
        "sort": sort, "thread": thread, "blocking": blocking,
        "returns": f"`{inspect.signature(hook).return_annotation}`", "an error": error,
    }  # fmt: skip
    table = "\n".join(["| | |", "|---|---|", *(f"| {name} | {_cell(text)} |" for name, text in rows.items())])
    return f"## {hook.__name__}\n\n```python\n{_stub(hook)}\n```\n\n{_prose(hook)}\n\n{table}\n"


def parts_page() -> str:
    return PARTS + "\n".join(_part(name, call) for name, call in registrations())


def registrations() -> Iterator[tuple[str, FunctionType]]:
    for name, value in vars(Registry).items():
        if inspect.isfunction(value) and not name.startswith("_") and name not in ("all_parts", "forget"):
            yield name, value


def _part(name: str, call: FunctionType) -> str:
    lines = [f"## registry.{name}", "", f"```python\n{_stub(call)}\n```", ""]
    if prose := _prose(call):
        lines += [prose, ""]
    contract = _contract(name)
    if contract is not None:
        own = contract.__module__.startswith("sampan.")
        lines += [
            f"It makes a `{contract.__module__}.{contract.__name__}`{f': {_prose(contract)}' if own else '.'}",
            "",
        ]
        for method in _methods(contract):
            lines += [f"- `{_stub(method).removeprefix('def ')}`", ""]
            if said := _prose(method):
                lines[-1:] = ["", *(f"  {line}".rstrip() for line in said.splitlines()), ""]
    return "\n".join(lines)


def _contract(name: str) -> type | None:
    """Of the parts that a call registers; kinds and settings are no parts."""
    registry = Registry({})
    words = name.replace("_", " ")
    for parts in registry.all_parts():
        if (
            vars(registry).get(f"{name}s") is parts
            or vars(registry).get(f"{name[:-1]}ies") is parts
            or parts.sort == words
        ):
            return parts.contract
    return None


def _methods(contract: type) -> Iterator[Callable[..., object]]:
    for owner in reversed(contract.__mro__):
        if owner.__module__.startswith("sampan.core"):
            for name, value in vars(owner).items():
                if inspect.isfunction(value) and not name.startswith("_"):
                    yield value


def how_to_page() -> str:
    return HOW_TO + "\n".join(_how_to(kind) for kind in SORTS)


def _how_to(kind: str) -> str:
    (module, code), (test, its_code), *_ = files("ferry", kind)
    return (
        f"## {kind}: {SORTS[kind]}\n\n```console\n$ sampan plugins new ferry --kind {kind}\n```\n\n"
        f"`{module}`:\n\n```python\n{code}```\n\n`{test}`:\n\n```python\n{its_code}```\n"
    )


def _stub(function: Callable[..., object]) -> str:
    word = "async def" if inspect.iscoroutinefunction(function) else "def"
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))
    signature = re.sub(r"<function .*? at 0x[0-9a-f]+>", "…", signature)
    return f"{word} {function.__name__}{signature.replace('(self, ', '(').replace('(self)', '()')}"


def _prose(thing: object) -> str:
    """A docstring as Markdown: double backticks are single ones there."""
    return (inspect.getdoc(thing) or "").replace("``", "`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: Final[dict[str, Callable[[], str]]] = {
    "hooks.md": hooks_page,
    "parts.md": parts_page,
    "how-to.md": how_to_page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
