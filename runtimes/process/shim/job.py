"""What a supervisor is told, as plain JSON: written by the runtime (`sampan.runtimes.process.jobs`), read here."""

from __future__ import annotations

from typing import TypedDict


class RootJob(TypedDict):
    kind: str
    """``host`` or ``image``; ``none``: the process stays in the host's tree."""
    layers: list[str]
    """Folders, the topmost first, relative to ``layers_dir``."""
    layers_dir: str
    upper: str
    """``disk``, ``memory``, or empty where the kernel gives no overlay: then the host's folders are bound read-only."""
    masks: list[str]
    """Folders of the host that a container of image ``host`` must not see."""
    read_only: bool


class MountJob(TypedDict):
    source: str
    layers: list[str]
    """Of an image, the topmost first, relative to ``source``; empty: ``source`` itself is mounted."""
    sub_path: str
    """Below what is mounted, and never out of it; empty: all of it."""
    target: str
    read_only: bool
    propagate: bool
    """Mounts made on the host below ``source`` later appear here too."""


class UserJob(TypedDict):
    image_user: str
    uid: int | None
    gid: int | None
    groups: list[int]


class Job(TypedDict):
    uid: str
    """The pod's."""
    events: str
    """The FIFO to tell of the end."""
    sandbox_pid: int
    enter: list[str]
    """The sandbox's namespaces to join."""
    own_pid: bool
    user_namespace: str
    """Empty, ``single`` (one user there) or ``range``."""
    root: RootJob
    mounts: list[MountJob]
    files: list[MountJob]
    """/etc/hosts and the like: put in the place of links too."""
    shm: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    user: UserJob
    capabilities: list[str]
    """The bounding set; ignored where ``privileged``."""
    privileged: bool
    no_new_privileges: bool
    tty: bool
    stdin: bool
    stdin_once: bool
    oom_score_adj: int
    cgroups: list[str]
    """Folders of this container's control groups."""
    log_max_bytes: int
    log_max_files: int
