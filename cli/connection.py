"""Which server to talk to, as whom, and in which namespace: from options, else from the kubeconfig's context."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile

from sampan.cli.kubeconfig_files import Entry, Kubeconfig, KubeconfigFile, load
from sampan.cli.options import Choices
from sampan.core.classes import frozen
from sampan.core.errors import ConfigError


@frozen(kw_only=True)
class Connection:
    server: str
    namespace: str = "default"
    ca_pem: str = ""
    token: str = ""
    client_pem: str = ""
    """The client's certificate and key, one after the other."""
    insecure: bool = False

    def tls(self) -> ssl.SSLContext:
        """Trust the cluster's CA alone where it is known, else the machine's."""
        context = ssl.create_default_context(cadata=self.ca_pem or None)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_pem:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(self.client_pem)
                file.flush()
                context.load_cert_chain(file.name)
        return context


def connect(choices: Choices) -> Connection:
    """Raises `ConfigError` with what is missing."""
    config = load(choices.kubeconfig)
    context = _context(config, choices)
    cluster, cluster_file = _entry(config, "clusters", choices.cluster or context.get("cluster", ""))
    user, user_file = _entry(config, "users", choices.user or context.get("user", ""))
    server = choices.server or cluster.get("server", "")
    if not server:
        raise ConfigError(
            "no cluster is chosen: start one with `sampan up`, or name a kubeconfig with --kubeconfig"
            " and a context in it with --context"
        )
    # A token that is named means to be its user, and a certificate would count before it.
    return Connection(
        server=server.rstrip("/"),
        namespace=choices.namespace or context.get("namespace") or "default",
        ca_pem=_pem(cluster, "certificate-authority", cluster_file),
        token=choices.token or _token(user, user_file),
        client_pem=""
        if choices.token
        else _pem(user, "client-certificate", user_file) + _pem(user, "client-key", user_file),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )


def _context(config: Kubeconfig, choices: Choices) -> Entry:
    name = choices.context or config.current_context
    found = config.find("contexts", name) if name else None
    if found:
        return found[0]
    if name:
        raise ConfigError(f"context was not found for specified context: {name}")
    return {}


def _entry(config: Kubeconfig, section: str, name: str) -> tuple[Entry, KubeconfigFile]:
    if not name:
        return {}, config.files[0]
    found = config.find(section, name)
    if found is None:
        what = "auth info" if section == "users" else "cluster"
        raise ConfigError(f'{what} "{name}" does not exist')
    return found


def _token(user: Entry, file: KubeconfigFile) -> str:
    if user.get("exec") or user.get("auth-provider"):
        raise ConfigError(f"{file.path} logs in with a program, which sampan cannot: use --token, or kubectl")
    return str(user.get("token") or "") or _file(user.get("tokenFile"), file).strip()


def _pem(entry: Entry, key: str, file: KubeconfigFile) -> str:
    if data := entry.get(f"{key}-data"):
        try:
            return base64.b64decode(data).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise ConfigError(f"the kubeconfig {file.path} has a {key}-data that is not base64 of PEM text") from exc
    return _file(entry.get(key), file)


def _file(name: str | None, beside: KubeconfigFile) -> str:
    if not name:
        return ""
    try:
        return beside.path.parent.joinpath(name).read_text()
    except OSError as exc:
        raise ConfigError(f"{beside.path} names the file {name}, which cannot be read: {exc.strerror}") from exc
