"""The data directory of one cluster: who holds it, which layout it has, and what was decided when it was made.

```
DIR/version          the layout's number
DIR/lock             held (flock) by the running control plane; names its process
DIR/cluster.json     what may not change between starts: ranges, node names, the administrator's token
DIR/kubeconfig       for the administrator (0600)
DIR/pki/             the cluster's CA and certificates (0700)
DIR/store.db         the embedded store
DIR/runtime/NAME/    a runtime's own
DIR/pods/UID/        volumes and files of pods
DIR/nodes/NODE/      the same two of every further node
DIR/sampan.log       what a cluster in the background says
```
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from sampan.core.classes import frozen
from sampan.core.errors import ConfigError

LAYOUT_VERSION = 1


@frozen(kw_only=True)
class Decisions:
    """What the first start settled. Later starts keep to it, whatever is free by then."""

    cluster: str
    server: str = ""
    """The API that the node here has joined; empty where the control plane itself is here."""
    runtime: str = ""
    proxy: str = ""
    dns: str = ""
    """The name server; ``none`` where there is none."""
    ingress: str = ""
    """The HTTP router for Ingresses; empty where they are not served."""
    ingress_port: int = 0
    ingress_tls_port: int = 0
    """Where it listened last."""
    store: str = ""
    service_cidr: str = ""
    """A range of each of the cluster's IP families; so are those of its nodes."""
    nodes: Mapping[str, str] = attrs.field(factory=dict)
    """The range of pod addresses by node, empty until its runtime has one. The first node has the folder itself."""
    is_filled: bool = False
    """The store has had its first objects: from now on an empty one means that they were lost."""
    port: int = 0
    admin_token: str = ""

    @property
    def node_name(self) -> str:
        """The first node's."""
        return next(iter(self.nodes), "")

    @property
    def pod_cidr(self) -> str:
        """The first node's."""
        return self.nodes.get(self.node_name, "")


class DataDir:
    """A cluster's folder, held by this process from `open` to `close`. ``lasting``: see `write_private`."""

    def __init__(self, path: Path, *, lasting: bool = True) -> None:
        self.path = path
        self._lasting = lasting
        self._lock: int | None = None

    def folder(self, *parts: str) -> Path:
        """A folder below, made if it is not there."""
        folder = self.path.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def node_folder(self, node: str, decisions: Decisions) -> Path:
        """Where a node of this machine keeps what is its own."""
        return self.folder() if node == decisions.node_name else self.folder("nodes", node)

    @property
    def kubeconfig(self) -> Path:
        return self.path / "kubeconfig"

    @property
    def log_file(self) -> Path:
        return self.path / "sampan.log"

    def open(self) -> None:
        """Make it or take it over. Raises `ConfigError` where it is another's, or of another layout."""
        try:
            make_private(self.path)
            self._take_lock()
            self._check_version()
        except PermissionError as exc:
            raise ConfigError(f"cannot write in {self.path}: {exc.strerror}; choose another with --data-dir") from exc
        except (NotADirectoryError, FileExistsError) as exc:
            raise ConfigError(f"{self.path} is not a directory: choose another with --data-dir") from exc

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> int | None:
        """The process that holds this directory now; ``None`` where nobody does."""
        try:
            lock = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.pread(lock, 32, 0) or b"0")
        finally:
            os.close(lock)
        return None

    def exists(self) -> bool:
        """Whether a cluster was made here."""
        return (self.path / "cluster.json").exists()

    def decisions(self, cluster: str) -> Decisions:
        """What was settled here; fresh ones where nothing was."""
        try:
            stored: dict[str, Any] = json.loads((self.path / "cluster.json").read_text())
        except FileNotFoundError:
            return Decisions(cluster=cluster)
        except ValueError as exc:
            raise ConfigError(
                f"{self.path / 'cluster.json'} is damaged: {exc}; remove the folder, and what its pods have left"
            ) from exc
        known = {field.name for field in attrs.fields(Decisions)}
        return Decisions(**{key: value for key, value in stored.items() if key in known})

    def keep(self, decisions: Decisions) -> None:
        """Write down what was settled, whole or not at all."""
        text = json.dumps(attrs.asdict(decisions), indent=1) + "\n"
        write_private(self.path / "cluster.json", text, lasting=self._lasting)

    def forget(self) -> None:
        """Take back what was kept: the cluster has not come to be."""
        (self.path / "cluster.json").unlink(missing_ok=True)

    def purge(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _take_lock(self) -> None:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode() or "unknown"
            os.close(lock)
            raise ConfigError(
                f"{self.path} is held by the running cluster with process {holder.strip()}:"
                f" stop that first with `sampan stop --data-dir {self.path}`, or choose another with --data-dir"
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def _check_version(self) -> None:
        file = self.path / "version"
        if not file.exists():
            foreign = [entry.name for entry in self.path.iterdir() if entry.name not in ("lock", "sampan.log")]
            if foreign:
                self.close()
                raise ConfigError(
                    f"{self.path} holds other files ({', '.join(sorted(foreign)[:3])}) and no cluster:"
                    " choose an empty directory with --data-dir"
                )
            file.write_text(f"{LAYOUT_VERSION}\n")
            return
        found = file.read_text().strip()
        if found != str(LAYOUT_VERSION):
            self.close()
            raise ConfigError(
                f"{self.path} has layout version {found or 'unknown'}, this sampan needs {LAYOUT_VERSION}:"
                " use the sampan that made it, or another --data-dir"
            )


def make_private(folder: Path) -> None:
    """Let it be there, for its owner alone: one that others may enter is closed to them."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = folder.stat()
    if about.st_mode & 0o077 and about.st_uid == os.geteuid():
        folder.chmod(about.st_mode & 0o700)


def write_private(path: Path, text: str, *, lasting: bool = True) -> None:
    """Replace a file atomically, readable by its owner alone.

    ``lasting``: after a power cut it is the old one or the new one, whole; that takes some 10 ms.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    beside.unlink(missing_ok=True)
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        if lasting:
            file.flush()
            os.fsync(fd)  # else the new name may come to the disk before what it stands for
    beside.replace(path)
    if lasting:
        _keep_names(path.parent)


def _keep_names(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
