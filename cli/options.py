"""The options that choose a cluster and a namespace; they may stand before a command's name or after it, as kubectl's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs
import click

from sampan.cli.completion import complete_context, complete_namespace
from sampan.cli.durations import Duration
from sampan.core.classes import frozen

P = ParamSpec("P")
R = TypeVar("R")


@frozen(kw_only=True)
class Choices:
    """What was said on the command line; empty: the kubeconfig decides."""

    kubeconfig: Path | None = None
    context: str = ""
    cluster: str = ""
    user: str = ""
    server: str = ""
    token: str = ""
    namespace: str = ""
    request_timeout: float | None = None
    """Seconds; none and 0: as long as it takes."""

    def over(self, others: Choices | None) -> Choices:
        """These, and of ``others`` (what was said before the command's name) what these leave open."""
        if others is None:
            return self
        mine = {key: value for key, value in attrs.asdict(self, recurse=False).items() if value}
        return attrs.evolve(others, **mine)


_OPTIONS = (
    click.option("-n", "--namespace", default="", shell_complete=complete_namespace, help="Namespace to look in."),
    click.option("--kubeconfig", type=click.Path(path_type=Path), help="kubeconfig file (default: as kubectl)."),
    click.option("--context", default="", shell_complete=complete_context, help="Context of the kubeconfig."),
    click.option("--cluster", default="", help="Cluster of the kubeconfig."),
    click.option("--user", default="", help="User of the kubeconfig."),
    click.option("-s", "--server", default="", help="Address of the API server."),
    click.option("--token", default="", help="Bearer token."),
    click.option("--request-timeout", type=Duration(), default=None, help="Longest time for one request, such as 5s."),
)


def with_choices(command: Callable[Concatenate[Choices, P], R]) -> Callable[..., R]:
    """Add the options; the command gets what they say as its first argument, and so do its sub-commands."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        namespace: str,
        kubeconfig: Path | None,
        context: str,
        cluster: str,
        user: str,
        server: str,
        token: str,
        request_timeout: float | None,
        **kwargs: Any,
    ) -> R:
        said = Choices(
            kubeconfig=kubeconfig,
            context=context,
            cluster=cluster,
            user=user,
            server=server,
            token=token,
            namespace=namespace,
            request_timeout=request_timeout,
        )
        ctx = click.get_current_context()
        choices = said.over(inherited_choices(ctx))
        ctx.obj = choices
        return command(choices, *args, **kwargs)

    decorated: Callable[..., R] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def inherited_choices(ctx: click.Context) -> Choices | None:
    """What was said before this command's name."""
    return ctx.parent.find_object(Choices) if ctx.parent else None
