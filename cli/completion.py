"""``sampan completion SHELL``, and what a shell is told about words that are half typed: clusters, kinds, names.

The shell runs sampan for each Tab, so a server is asked with little patience, and no failure is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sampan.cli.session import Session

_PATIENCE = 2.0
"""Seconds for one question to the server."""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, options, kinds and names.

    \b
    bash: source <(sampan completion bash)
    zsh:  source <(sampan completion zsh)
    fish: sampan completion fish | source
    """
    from click.shell_completion import get_completion_class

    from sampan.cli.main import sampan

    found = get_completion_class(shell)
    assert found is not None, "click knows these three"
    click.echo(found(sampan, {}, "sampan", "_SAMPAN_COMPLETE").source())


def complete_cluster(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of this user's clusters."""
    from sampan.cli.lifecycle.known import known_places

    try:
        return [place.name for place in known_places() if place.name.startswith(incomplete)]
    except Exception:
        return []


def complete_context(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from sampan.cli.kubeconfig_files import load

    try:
        return [name for name in load(ctx.params.get("kubeconfig")).names("contexts") if name.startswith(incomplete)]
    except Exception:
        return []


def complete_namespace(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return _names(ctx, "namespaces", incomplete)


def complete_pod(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return _names(ctx, "pods", incomplete)


def complete_object(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """``TYPE``, then names of that type; or ``TYPE/NAME``."""
    before = [str(word) for word in ctx.params.get(param.name or "") or ()]
    kind, slash, name = incomplete.rpartition("/")
    if slash:
        return [f"{kind}/{found}" for found in _names(ctx, kind, name)]
    if before and "/" not in before[0]:
        return [found for found in _names(ctx, before[0].split(",")[0], incomplete) if found not in before]
    return _kinds(ctx, incomplete)


def _kinds(ctx: click.Context, incomplete: str) -> list[str]:
    try:
        session = _session(ctx)
        return sorted({each.plural for each in session.resources if each.plural.startswith(incomplete)})
    except Exception:
        return []


def _names(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    try:
        session = _session(ctx)
        resource = session.resources.find(kind)
        items = session.api.get(resource.path(session.namespace))["items"]
        return sorted(name for item in items if (name := item["metadata"]["name"]).startswith(incomplete))
    except Exception:
        return []


def _session(ctx: click.Context) -> Session:
    from sampan.cli.options import Choices
    from sampan.cli.session import Session

    params: dict[str, object] = {}
    context: click.Context | None = ctx
    while context is not None:
        said = {key: value for key, value in context.params.items() if value}
        params = said | params
        context = context.parent
    names = ("kubeconfig", "context", "cluster", "user", "server", "token", "namespace")
    chosen = {name: params[name] for name in names if name in params}
    return Session(Choices(request_timeout=_PATIENCE, **chosen))  # type: ignore[arg-type]
