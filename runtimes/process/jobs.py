"""From what the node agent asks for to what a supervisor is told: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from sampan.core.classes import frozen
from sampan.core.contracts.runtime import RuntimeFailure
from sampan.core.contracts.runtime_config import ContainerConfig, Mount, Security
from sampan.runtimes.process import pod_files
from sampan.runtimes.process.images.model import StoredImage
from sampan.runtimes.process.isolation import Isolation
from sampan.runtimes.process.layout import Layout
from sampan.runtimes.process.shim.identity import CAPABILITIES
from sampan.runtimes.process.shim.job import Job, MountJob, RootJob

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEFAULT = (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID"
    " SYS_CHROOT"
)
DEFAULT_CAPABILITIES = tuple(_DEFAULT.split())
"""What container engines leave to a container that asks for nothing, but for making devices: without a control group for
them, what can be made must not be opened."""
LOG_MAX_BYTES = 10 << 20
LOG_MAX_FILES = 5


@frozen(kw_only=True)
class SandboxView:
    """What a container must know of its sandbox."""

    id: str
    uid: str
    pid: int
    hostname: str
    namespaces: tuple[str, ...]
    own_pid: bool
    """Whether each container has a process namespace of its own."""
    shm: str


def job(
    layout: Layout,
    isolation: Isolation,
    sandbox: SandboxView,
    config: ContainerConfig,
    image: StoredImage | None,
    image_layers: Path,
    hidden: Sequence[Path] = (),
    volumes: Mapping[str, StoredImage] = MappingProxyType({}),
) -> Job:
    """``image`` is ``None`` for the host's own tree, of which ``hidden`` is left out; mounts name ``volumes``.

    Raises `RuntimeFailure` for what cannot be done."""
    mounts = sorted(config.mounts, key=lambda mount: len(PurePosixPath(mount.container_path).parts))
    return Job(
        uid=sandbox.uid,
        events=str(layout.events),
        sandbox_pid=sandbox.pid,
        enter=list(sandbox.namespaces),
        own_pid=sandbox.own_pid,
        user_namespace=isolation.user_namespace,
        root=root(layout, isolation, config.security, image, image_layers, hidden),
        mounts=[_mount(mount, volumes, image_layers) for mount in mounts] if isolation.private else [],
        files=_files(layout.sandboxes / sandbox.id) if isolation.private else [],
        shm=sandbox.shm,
        argv=argv(config, image),
        env=environment(config, image, sandbox.hostname),
        cwd=config.working_dir or (image.working_dir if image else "") or "/",
        user={
            "image_user": image.user if image else "",
            "uid": config.security.run_as_user,
            "gid": config.security.run_as_group,
            "groups": list(config.security.supplemental_groups),
        },
        capabilities=capabilities(config.security),
        privileged=config.security.privileged,
        no_new_privileges=not config.security.allow_privilege_escalation and not config.security.privileged,
        tty=config.tty,
        stdin=config.stdin,
        stdin_once=config.stdin_once,
        oom_score_adj=config.resources.oom_score_adj,
        cgroups=[],
        log_max_bytes=LOG_MAX_BYTES,
        log_max_files=LOG_MAX_FILES,
    )


def exec_job(container: Job, command: Sequence[str], *, tty: bool) -> Job:
    """Another process beside a container's own."""
    changed = container.copy()
    changed["argv"] = list(command)
    changed["tty"] = tty
    changed["env"] = {**container["env"], "TERM": "xterm"} if tty else container["env"]
    return changed


def root(
    layout: Layout,
    isolation: Isolation,
    security: Security,
    image: StoredImage | None,
    image_layers: Path,
    hidden: Sequence[Path],
) -> RootJob:
    kind = "none" if not isolation.private else "host" if image is None else "image"
    return RootJob(
        kind=kind,
        layers=list(reversed(image.layers)) if image else [],
        layers_dir=str(image_layers),
        upper=isolation.upper,
        masks=_outermost([*hidden, layout.state_dir, layout.images]),
        read_only=security.read_only_root,
    )


def argv(config: ContainerConfig, image: StoredImage | None) -> list[str]:
    """Kubernetes' rule: ``command`` replaces entry point and arguments of the image, ``args`` alone its arguments."""
    if config.command:
        words = (*config.command, *config.args)
    else:
        entrypoint, command = (image.entrypoint, image.command) if image else ((), ())
        words = (*entrypoint, *(config.args or command))
    if not words:
        raise RuntimeFailure(f"no command specified: neither the container nor the image {config.image} has one")
    return list(words)


def environment(config: ContainerConfig, image: StoredImage | None, hostname: str) -> dict[str, str]:
    env = {"PATH": PATH, "HOSTNAME": hostname}
    if config.tty:
        env["TERM"] = "xterm"
    for entry in image.env if image else ():
        name, _, value = entry.partition("=")
        env[name] = value
    return env | dict(config.env)


def capabilities(security: Security) -> list[str]:
    """The defaults, with what was added and without what was dropped; ``ALL`` is all, and naming one wins over it."""
    add, drop = (_capability_names(names) for names in (security.add_capabilities, security.drop_capabilities))
    kept = set(CAPABILITIES if "ALL" in add else DEFAULT_CAPABILITIES)
    if "ALL" in drop:
        kept = set()
    kept |= add - {"ALL"}
    kept -= drop - {"ALL"}
    return sorted(kept)


def signal_number(name: str, names: Mapping[str, int]) -> int:
    """``SIGQUIT``, ``QUIT``, ``3`` or ``RTMIN+3``; ``names`` has the plain ones. Raises `RuntimeFailure`."""
    plain = name.upper().removeprefix("SIG")
    if plain.isdigit():
        return int(plain)
    base, _, offset = plain.partition("+")
    if f"SIG{base}" not in names or (offset and not offset.isdigit()):
        raise RuntimeFailure(f"there is no signal {name}")
    return names[f"SIG{base}"] + int(offset or 0)


def _outermost(paths: Sequence[Path]) -> list[str]:
    """Without those that lie below another: what is hidden hides all below it."""
    return [str(path) for path in paths if not any(other in path.parents for other in paths)]


def _capability_names(names: Sequence[str]) -> set[str]:
    plain = {name.upper().removeprefix("CAP_") for name in names}
    if unknown := plain - set(CAPABILITIES) - {"ALL"}:
        raise RuntimeFailure(f"there is no capability {', '.join(sorted(unknown))}")
    return plain


def _mount(mount: Mount, volumes: Mapping[str, StoredImage], image_layers: Path) -> MountJob:
    if mount.propagation == "Bidirectional":
        raise RuntimeFailure(
            f"the mount at {mount.container_path} asks for Bidirectional propagation, which the process runtime has not"
        )
    image = volumes.get(mount.image)
    return MountJob(
        source=str(image_layers) if image else mount.host_path,
        layers=list(reversed(image.layers)) if image else [],
        sub_path=mount.sub_path,
        target=mount.container_path,
        read_only=mount.read_only or image is not None,
        propagate=mount.propagation == "HostToContainer",
    )


def _files(folder: Path) -> list[MountJob]:
    return [
        MountJob(source=str(folder / name), layers=[], sub_path="", target=target, read_only=False, propagate=False)
        for name, target in pod_files.NAMES.items()
    ]
