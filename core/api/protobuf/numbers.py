"""The table of field numbers (``numbers.txt``), read once on first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from sampan.core.classes import frozen

PREFIX: Final = "io.k8s."


@frozen
class Member:
    """What a number stands for: a field by its JSON name, or (``inline``) a message whose fields are the parent's."""

    name: str = ""
    inline: str = ""


Message = Mapping[int, Member]


@cache
def messages() -> Mapping[str, Message]:
    """By OpenAPI definition without its ``io.k8s.`` (``api.core.v1.Pod``)."""
    text = resources.files(__package__).joinpath("numbers.txt").read_text()
    return dict(_message(line) for line in text.splitlines() if line and not line.startswith("#"))


def _message(line: str) -> tuple[str, Message]:
    name, *words = line.split()
    members = {}
    for word in words:
        key, _, number = word.rpartition("=")
        members[int(number)] = Member(inline=key[1:]) if key.startswith("*") else Member(name=key)
    return name, members


def message_of(definition: str) -> Message | None:
    """The numbers of a type by its OpenAPI name; ``None`` for one that Kubernetes has not."""
    return messages().get(definition.removeprefix(PREFIX)) if definition.startswith(PREFIX) else None
