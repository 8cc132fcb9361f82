"""The first moments of a container's process: from a fork of the supervisor to the container's own program.

Whatever fails is told to the supervisor over a channel that closes by itself when the program starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import stat
import struct
import termios

from sampan.runtimes.process.shim import identity, kernel, rootfs
from sampan.runtimes.process.shim.channel import Channel
from sampan.runtimes.process.shim.job import Job

TIOCGPTPEER = 0x5441
TIOCSPTLCK = 0x40045431


def become(job: Job, directory: str, status: Channel, stdio: tuple[int, int, int] | None) -> None:
    """Never returns. Without ``stdio`` there is a terminal, made inside the container and sent to the supervisor."""
    try:
        status.receive()  # until the supervisor has written down that this process exists
        os.umask(0o022)
        os.setsid()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        _set_oom_score(job["oom_score_adj"])
        if job["root"]["kind"] != "none":
            rootfs.enter(job, directory)
            status.send({"mount_namespace": os.stat("/proc/self/ns/mnt").st_ino})
        who = identity.resolve(job["user"])
        attach_stdio(stdio, who, status)
        start_program(job, who)
    except Exception as exc:
        status.send({"error": words(exc)})
    finally:
        os._exit(128)


def start_program(job: Job, who: identity.Identity) -> None:
    """Become the user and then the program: for containers and for exec sessions alike."""
    env = job["env"]
    env.setdefault("HOME", who.home)
    os.makedirs(job["cwd"], exist_ok=True)
    os.chdir(job["cwd"])
    reset_signals()
    identity.become(who, job)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user has cleared it
    execute(job["argv"], env)


def attach_stdio(stdio: tuple[int, int, int] | None, who: identity.Identity, status: Channel) -> None:
    """The pipes become the user's, who may then open them anew as /dev/stdout and /dev/stderr."""
    for fd in stdio or ():
        if stat.S_ISFIFO(os.fstat(fd).st_mode):
            with contextlib.suppress(OSError):  # a user that is not mapped here
                os.fchown(fd, who.uid, who.gid)
    if stdio is None:
        master, slave = open_terminal(who.uid)
        status.send({"console": True}, (master,))
        os.close(master)
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        stdio = (slave, slave, slave)
    for target, fd in enumerate(stdio):
        os.dup2(fd, target, inheritable=True)


def open_terminal(uid: int) -> tuple[int, int]:
    """A terminal of the tree that this process is in: (master, slave)."""
    ptmx = "/dev/pts/ptmx" if os.access("/dev/pts/ptmx", os.R_OK | os.W_OK) else "/dev/ptmx"
    master = os.open(ptmx, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    slave = fcntl.ioctl(master, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
    with contextlib.suppress(OSError):  # a user that is not mapped here can use what it was given all the same
        os.fchown(slave, uid, -1)
    return master, slave


def execute(argv: list[str], env: dict[str, str]) -> None:
    """As a shell finds programs. Raises `OSError` in container engines' words."""
    name = argv[0]
    candidates = [name]
    if "/" not in name:
        candidates = [f"{folder or '.'}/{name}" for folder in env.get("PATH", "").split(":")]
    refused: OSError | None = None
    for candidate in candidates:
        try:
            os.execve(candidate, argv, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as exc:
            refused = exc
    if refused is not None:
        raise OSError(f'exec: "{name}": {(refused.strerror or "").lower()}')
    reason = "no such file or directory" if "/" in name else "executable file not found in $PATH"
    raise OSError(f'exec: "{name}": {reason}')


def reset_signals() -> None:
    """Python ignores some; a program expects them all as they are by default."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def _set_oom_score(score: int) -> None:
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(score))
    except OSError:
        return  # lowering it is root's right


def words(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return str(exc) or type(exc).__name__
