"""``sampan config``: look at and change kubeconfig files, as ``kubectl config`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sampan.cli.kubeconfig_files import SECTIONS, Kubeconfig, load
from sampan.cli.options import Choices, with_choices
from sampan.cli.output import Output, output_option
from sampan.cli.tabs import table
from sampan.core.errors import ConfigError

_SECRET = ("client-key-data", "password", "token")
_LONG = ("certificate-authority-data", "client-certificate-data")


@click.group(invoke_without_command=True)
@click.pass_context
@with_choices
def config(_choices: Choices, ctx: click.Context) -> None:
    """Look at and change kubeconfig files."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@config.command()
@click.option("--minify", is_flag=True, help="Only what the current context uses.")
@click.option("--raw", is_flag=True, help="With tokens, keys and certificates.")
@output_option
@with_choices
def view(choices: Choices, minify: bool, raw: bool, output: Output) -> None:
    """Print the configuration that is in force."""
    found = load(choices.kubeconfig)
    current = choices.context or found.current_context
    if minify and found.find("contexts", current) is None:
        raise ConfigError("current-context must exist in order to minify")
    whole: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": current}
    for section, key in SECTIONS.items():
        names = _used(found, section, current) if minify else found.names(section)
        whole[section] = [{key: _shown(_body(found, section, name), raw), "name": name} for name in names]
    if output.name in ("", "wide"):
        output = Output("yaml")
    click.echo(output.text(whole, name=""), nl=False)


def _body(found: Kubeconfig, section: str, name: str) -> dict[str, Any]:
    entry = found.find(section, name)
    return entry[0] if entry else {}


def _used(found: Kubeconfig, section: str, current: str) -> list[str]:
    context = _body(found, "contexts", current)
    name = {"contexts": current, "clusters": context.get("cluster"), "users": context.get("user")}[section]
    return [name] if name and found.find(section, name) else []


def _shown(body: dict[str, Any], raw: bool) -> dict[str, Any]:
    if raw:
        return body
    hidden = {key: "REDACTED" for key in _SECRET if body.get(key)}
    return {**body, **hidden, **{key: "DATA+OMITTED" for key in _LONG if body.get(key)}}


@config.command("current-context")
@with_choices
def current_context(choices: Choices) -> None:
    """Print the current context's name."""
    name = load(choices.kubeconfig).current_context
    if not name:
        raise ConfigError("current-context is not set")
    click.echo(name)


@config.command("use-context")
@click.argument("name")
@with_choices
def use_context(choices: Choices, name: str) -> None:
    """Make a context the current one."""
    found = load(choices.kubeconfig)
    if found.find("contexts", name) is None:
        raise ConfigError(f'no context exists with the name: "{name}"')
    first = next((file for file in found.files if file.config.get("current-context")), found.files[0])
    first.config["current-context"] = name
    first.save()
    click.echo(f'Switched to context "{name}".')


@config.command("get-contexts")
@click.argument("names", nargs=-1)
@click.option("--no-headers", is_flag=True, help="Leave the header line out.")
@output_option
@with_choices
def get_contexts(choices: Choices, names: tuple[str, ...], no_headers: bool, output: Output) -> None:
    """List contexts."""
    if output.name not in ("", "name"):
        raise ConfigError(f"contexts are listed as a table or with -o name, not as {output.name}")
    found = load(choices.kubeconfig)
    for name in names:
        if found.find("contexts", name) is None:
            raise ConfigError(f"context {name} not found")
    listed = list(names) or found.names("contexts")
    if output.name == "name":
        click.echo("".join(f"{name}\n" for name in listed), nl=False)
        return
    rows = [] if no_headers else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
    for name in listed:
        body = _body(found, "contexts", name)
        mark = "*" if name == found.current_context else ""
        rows.append([mark, name, *(str(body.get(key) or "") for key in ("cluster", "user", "namespace"))])
    click.echo(table(rows), nl=False)


def _names(section: str, title: str) -> click.Command:
    @click.command(f"get-{section}", help=f"List {section}.")
    @with_choices
    def names(choices: Choices) -> None:
        click.echo("\n".join([title, *load(choices.kubeconfig).names(section)]))

    command: click.Command = names
    return command


config.add_command(_names("clusters", "NAME"))
config.add_command(_names("users", "NAME"))


@config.command("set-cluster", add_help_option=True)
@click.argument("name")
@click.option("--server", default="", help="Address of the API server.")
@click.option("--certificate-authority", default="", help="File with the CA's certificate.")
@click.option("--embed-certs", is_flag=True, help="Put the file's content in.")
@click.option("--insecure-skip-tls-verify", is_flag=True, help="Trust any server.")
@click.option("--proxy-url", default="", help="Proxy on the way to it.")
@click.option("--tls-server-name", default="", help="Name to expect in its certificate.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="kubeconfig file.")
@click.pass_context
def set_cluster(
    ctx: click.Context,
    name: str,
    server: str,
    certificate_authority: str,
    embed_certs: bool,
    insecure_skip_tls_verify: bool,
    proxy_url: str,
    tls_server_name: str,
    kubeconfig: Path | None,
) -> None:
    """Set a cluster's address and what to trust."""
    values: dict[str, Any] = {"server": server, "proxy-url": proxy_url, "tls-server-name": tls_server_name}
    if insecure_skip_tls_verify:
        values["insecure-skip-tls-verify"] = True
    values |= _file("certificate-authority", certificate_authority, embed_certs)
    _put(_of(ctx, kubeconfig), "clusters", name, values)
    click.echo(f'Cluster "{name}" set.')


@config.command("set-credentials")
@click.argument("name")
@click.option("--token", default="", help="Bearer token.")
@click.option("--username", default="", help="Name for basic authentication.")
@click.option("--password", default="", help="Password for basic authentication.")
@click.option("--client-certificate", default="", help="File with a certificate.")
@click.option("--client-key", default="", help="File with its key.")
@click.option("--embed-certs", is_flag=True, help="Put the files' content in.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="kubeconfig file.")
@click.pass_context
def set_credentials(
    ctx: click.Context,
    name: str,
    token: str,
    username: str,
    password: str,
    client_certificate: str,
    client_key: str,
    embed_certs: bool,
    kubeconfig: Path | None,
) -> None:
    """Set a user's token or certificate."""
    if token and (username or password):
        raise ConfigError(
            "you cannot specify more than one authentication method at the same time: --token, --username/--password"
        )
    values = {"token": token, "username": username, "password": password}
    values |= _file("client-certificate", client_certificate, embed_certs)
    values |= _file("client-key", client_key, embed_certs)
    _put(_of(ctx, kubeconfig), "users", name, values)
    click.echo(f'User "{name}" set.')


@config.command("set-context")
@click.argument("name", default="")
@click.option("--current", is_flag=True, help="The current context.")
@click.option("--cluster", default="", help="Its cluster.")
@click.option("--user", default="", help="Its user.")
@click.option("-n", "--namespace", default="", help="Its namespace.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="kubeconfig file.")
@click.pass_context
def set_context(
    ctx: click.Context, name: str, current: bool, cluster: str, user: str, namespace: str, kubeconfig: Path | None
) -> None:
    """Set a context's cluster, user and namespace."""
    found = _of(ctx, kubeconfig)
    if bool(name) == current:
        raise ConfigError("a context's NAME or --current must be given, and not both")
    name = name or found.current_context
    if not name:
        raise ConfigError("no current context is set")
    known = _put(found, "contexts", name, {"cluster": cluster, "user": user, "namespace": namespace})
    click.echo(f'Context "{name}" {"modified" if known else "created"}.')


@config.command("rename-context")
@click.argument("old")
@click.argument("new")
@with_choices
def rename_context(choices: Choices, old: str, new: str) -> None:
    """Give a context another name."""
    found = load(choices.kubeconfig)
    entry = found.find("contexts", old)
    if entry is None:
        raise ConfigError(f'cannot rename the context "{old}", it\'s not in {found.files[0].path}')
    if found.find("contexts", new):
        raise ConfigError(f'cannot rename the context "{old}", the context "{new}" already exists in {entry[1].path}')
    body, file = entry
    file.remove("contexts", old)
    file.put("contexts", new, body)
    for each in found.files:
        if each.config.get("current-context") == old:
            each.config["current-context"] = new
            each.save()
    file.save()
    click.echo(f'Context "{old}" renamed to "{new}".')


def _deleting(section: str) -> click.Command:
    word = SECTIONS[section]

    @click.command(f"delete-{word}", help=f"Take a {word} out of the file.")
    @click.argument("name")
    @with_choices
    def remove(choices: Choices, name: str) -> None:
        file = load(choices.kubeconfig).owner(section, name)
        if not file.remove(section, name):
            raise ConfigError(f"cannot delete {word} {name}, not in {file.path}")
        file.save()
        click.echo(f"deleted {word} {name} from {file.path}")

    command: click.Command = remove
    return command


for _section in SECTIONS:
    config.add_command(_deleting(_section))


def _of(ctx: click.Context, kubeconfig: Path | None) -> Kubeconfig:
    """The files for commands whose own options take the place of the usual ones."""
    said = ctx.find_object(Choices)
    return load(kubeconfig or (said.kubeconfig if said else None))


def _put(found: Kubeconfig, section: str, name: str, values: dict[str, Any]) -> bool:
    file = found.owner(section, name)
    known = file.put(section, name, {key: value for key, value in values.items() if value})
    file.save()
    return known


def _file(key: str, name: str, embed: bool) -> dict[str, str]:
    if not name:
        return {}
    if not embed:
        return {key: str(Path(name).absolute())}
    import base64

    try:
        return {f"{key}-data": base64.b64encode(Path(name).read_bytes()).decode()}
    except OSError as exc:
        raise ConfigError(f"could not read {key} data from {name}: {exc.strerror}") from exc
