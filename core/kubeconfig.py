"""kubeconfig files: the administrator's own, and a context in a person's.

Both hold a bearer token, so both are written with mode 0600, whole or not at all. What else a person's file holds stays.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import yaml

from sampan.core.classes import frozen
from sampan.core.datadir import write_private
from sampan.core.errors import ConfigError


@frozen(kw_only=True)
class Access:
    """How to reach a cluster as its administrator."""

    name: str
    server: str
    ca_pem: str
    token: str
    certificate_pem: str = ""
    key_pem: str = ""
    """A client certificate, another way to be known; both are empty for none."""


def default_path() -> Path:
    """Where kubectl looks: the first file of ``KUBECONFIG``, else ``~/.kube/config``."""
    first = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(first).expanduser() if first else Path.home() / ".kube" / "config"


def write_kubeconfig(path: Path, access: Access, *, lasting: bool = True) -> None:
    """A file with this cluster alone. ``lasting``: see `write_private`."""
    write_private(path, _dump(_with_context({}, access)), lasting=lasting)


def add_context(path: Path, access: Access) -> None:
    """Add the cluster's context to a person's file, and make it the current one.

    Raises `ConfigError` where the file is there and is no kubeconfig: it is left as it is.
    """
    config = _with_context(_load(path), access)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path.resolve(), _dump(config))


def remove_context(path: Path, access: Access) -> bool:
    """Take the cluster's context out again; the current context is unset where it was this one.

    Another cluster's context of the same name (it has another CA) is left alone. Returns whether there was one.
    """
    config, name = _load(path), access.name
    if not config or not _is_of(config, access):
        return False
    for section in ("clusters", "users", "contexts"):
        config[section] = [entry for entry in config.get(section) or [] if entry.get("name") != name]
    if config.get("current-context") == name:
        config["current-context"] = ""
    write_private(path.resolve(), _dump(config))
    return True


def read_access(path: Path, context: str = "") -> Access:
    """The server, CA and token of a context (default: the current one). Raises `ConfigError` with what is missing."""
    config = _load(path)
    if not config:
        raise ConfigError(
            f"there is no kubeconfig at {path}: start a cluster with `sampan up`, or name one with --kubeconfig"
        )
    name = context or config.get("current-context") or ""
    entry = _named(config, "contexts", name, path)["context"]
    cluster = _named(config, "clusters", entry.get("cluster", ""), path)["cluster"]
    user = _named(config, "users", entry.get("user", ""), path)["user"]
    ca = cluster.get("certificate-authority-data")
    ca_pem = base64.b64decode(ca).decode() if ca else _read_file(cluster.get("certificate-authority"), path)
    return Access(
        name=name,
        server=cluster.get("server", ""),
        ca_pem=ca_pem,
        token=user.get("token", ""),
        certificate_pem=_pem_of(user, "client-certificate", path),
        key_pem=_pem_of(user, "client-key", path),
    )


def _pem_of(user: dict[str, Any], field: str, path: Path) -> str:
    """A certificate or key that is in the file, or beside it."""
    data = user.get(f"{field}-data")
    return base64.b64decode(data).decode() if data else _read_file(user.get(field), path)


def _is_of(config: dict[str, Any], access: Access) -> bool:
    for entry in config.get("clusters") or []:
        if entry.get("name") == access.name:
            ca = (entry.get("cluster") or {}).get("certificate-authority-data") or ""
            return bool(ca == base64.b64encode(access.ca_pem.encode()).decode())
    return False


def _user_of(access: Access) -> dict[str, str]:
    user = {}
    for field, pem in (("client-certificate", access.certificate_pem), ("client-key", access.key_pem)):
        if pem:
            user[f"{field}-data"] = base64.b64encode(pem.encode()).decode()
    return user | ({"token": access.token} if access.token else {})


def _with_context(config: dict[str, Any], access: Access) -> dict[str, Any]:
    name = access.name
    certificate = base64.b64encode(access.ca_pem.encode()).decode()
    entries = {
        "clusters": {"name": name, "cluster": {"certificate-authority-data": certificate, "server": access.server}},
        "users": {"name": name, "user": _user_of(access)},
        "contexts": {"name": name, "context": {"cluster": name, "user": name}},
    }
    config = {"apiVersion": "v1", "kind": "Config", "preferences": {}, **config}
    for section, entry in entries.items():
        others = [other for other in config.get(section) or [] if other.get("name") != name]
        config[section] = [*others, entry]
    return config | {"current-context": name}


def _load(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"cannot read the kubeconfig {path}: {' '.join(str(exc).split())}") from exc
    if config is None:
        return {}
    if not isinstance(config, dict) or config.get("kind", "Config") != "Config":
        raise ConfigError(f"{path} is not a kubeconfig: move it away, or name another with --kubeconfig")
    return config


def _named(config: dict[str, Any], section: str, name: str, path: Path) -> dict[str, Any]:
    for entry in config.get(section) or []:
        if entry.get("name") == name:
            return dict(entry)
    raise ConfigError(f"the kubeconfig {path} has no {section[:-1]} named {name!r}")


def _read_file(name: str | None, beside: Path) -> str:
    if not name:
        return ""
    try:
        return beside.parent.joinpath(name).read_text()
    except OSError as exc:
        raise ConfigError(
            f"the kubeconfig {beside} names the CA file {name}, which cannot be read: {exc.strerror}"
        ) from exc


def _dump(config: dict[str, Any]) -> str:
    text: str = yaml.dump(config, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    return text
