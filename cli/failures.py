"""Failures in kubectl's words, one line each.

Called by `sampan.cli.main` for what ends a command, and by verbs that go on after a failure (`get a missing b`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import click

from sampan.core.errors import ApiError, Invalid, SampanError, unexpected

T = TypeVar("T")


class ServerError(SampanError):
    """What the server answered, with what was being done: ``error when creating "pod.yaml"``."""

    def __init__(self, doing: str, error: ApiError) -> None:
        super().__init__(str(error))
        self.doing = doing
        self.error = error


class Unreachable(SampanError):
    """No answer at all: the whole sentence, as kubectl says it."""


def sentence(exc: BaseException) -> str:
    """One line about a failure, as kubectl words it where kubectl knows it."""
    return " ".join(_words(exc).split())


def _words(exc: BaseException) -> str:
    if isinstance(exc, click.MissingParameter) and isinstance(exc.param, click.Option):
        return f'error: required flag(s) "{max(exc.param.opts, key=len).lstrip("-")}" not set'
    if isinstance(exc, click.UsageError):
        command = exc.ctx.command_path if exc.ctx else "sampan"
        return f"error: {exc.format_message().rstrip('.')}; see '{command} --help'"
    if isinstance(exc, click.ClickException):
        return f"error: {exc.format_message()}"
    if isinstance(exc, ServerError):
        return _from_server(exc.error, exc.doing)
    if isinstance(exc, Unreachable):
        return str(exc)
    if isinstance(exc, ApiError):
        return _from_server(exc)
    if isinstance(exc, OSError) and exc.strerror:
        return f"error: {exc.strerror}{f': {exc.filename}' if exc.filename else ''}"
    hint = "" if isinstance(exc, SampanError) else " (set SAMPAN_DEBUG=1 for the traceback)"
    return f"error: {unexpected(exc)}{hint}"


def _from_server(error: ApiError, doing: str = "") -> str:
    if isinstance(error, Invalid):
        what = f'{error.kind} "{error.name}"' if error.kind else "request"
        return f"The {what} is invalid: {str(error).partition('is invalid: ')[2] or error}"
    place = f" ({error.reason})" if error.reason else ""
    return f"Error from server{place}: {f'{doing}: ' if doing else ''}{error}"


def each(things: Iterable[T], act: Callable[[T], object]) -> None:
    """Do ``act`` for all of them, whatever fails on the way; ends the command with 1 where something did."""
    failed = False
    for thing in things:
        try:
            act(thing)
        except (SampanError, OSError) as exc:
            click.echo(sentence(exc), err=True)
            failed = True
    if failed:
        raise click.exceptions.Exit(1)
