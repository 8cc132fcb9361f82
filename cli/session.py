"""What a verb works with: the API, the namespace and the server's kinds, each made when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from sampan.cli.api import Api
from sampan.cli.connection import connect
from sampan.cli.options import Choices, with_choices
from sampan.cli.resources import Resources

P = ParamSpec("P")
R = TypeVar("R")


class Session:
    """One command's view of one cluster. Nothing is asked of the server before it is needed."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    @functools.cached_property
    def api(self) -> Api:
        return Api(connect(self._choices), timeout=self._choices.request_timeout or None)

    @functools.cached_property
    def resources(self) -> Resources:
        return Resources.fetch(self.api)

    def close(self) -> None:
        """End the connection, if there is one."""
        if "api" in self.__dict__:
            self.api.close()

    @property
    def namespace(self) -> str:
        return self.api.connection.namespace

    @property
    def enforced_namespace(self) -> str:
        """The namespace that was asked for on the command line; a manifest with another one is refused."""
        return self._choices.namespace


def with_session(command: Callable[Concatenate[Session, P], R]) -> Callable[..., R]:
    """Add the options that choose a cluster; the command gets a `Session` as its first argument."""

    @functools.wraps(command)
    def wrapped(choices: Choices, *args: Any, **kwargs: Any) -> R:
        session = Session(choices)
        click.get_current_context().call_on_close(session.close)
        return command(session, *args, **kwargs)

    return with_choices(wrapped)
