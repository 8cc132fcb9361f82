"""A pod's sandbox: a process that does nothing but hold the pod's namespaces, and be the parent of last resort where its
containers share their processes.
"""

from __future__ import annotations

import os
import signal

from sampan.runtimes.process.shim import kernel, namespaces, pod_network
from sampan.runtimes.process.shim.channel import Channel


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``namespaces`` to make, ``shared_pid``, ``subordinate``, ``hostname``, ``sysctls``, ``state`` (the
    file that says who holds the pod). Answers with ``pid``; is then told ``network`` (or ``{}``), and answers when up."""
    kinds = tuple(_strings(request["namespaces"]))
    kernel.set_process_name("sampan-sandbox")
    if "user" in kinds:
        subordinate = request["subordinate"]
        assert subordinate is None or isinstance(subordinate, list)
        namespaces.leave_as_root(tuple(kind for kind in kinds if kind != "user"), subordinate)
    elif kinds:
        namespaces.leave(kinds)
    if "uts" in kinds:
        kernel.set_hostname(str(request["hostname"]))
    if "pid" in kinds and os.fork():
        os._exit(0)  # the child is the first process of the new namespace; it goes on below
    hold(channel, request, kinds)


def hold(channel: Channel, request: dict[str, object], kinds: tuple[str, ...]) -> None:
    """Finish the network, then wait until killed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    pid = outside_pid()
    channel.send({"pid": pid})
    setup = channel.receive()
    if "net" in kinds:
        pod_network.bring_up("lo")
    if addresses := setup.get("network"):
        assert isinstance(addresses, list)
        pod_network.join("eth0", [(str(each["ip"]), int(each["prefix"]), str(each["gateway"])) for each in addresses])
    sysctls = request["sysctls"]
    assert isinstance(sysctls, dict)
    pod_network.set_sysctls(sysctls)
    channel.send({"ready": True})
    channel.close()
    while signal.sigwait({signal.SIGCHLD, signal.SIGTERM}) == signal.SIGCHLD:
        reap()
    os._exit(0)


def reap() -> None:
    """Bury the orphans of a shared process namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def outside_pid() -> int:
    """This process's id as the runtime sees it: /proc is still the host's here."""
    return int(os.readlink("/proc/self"))


def _strings(value: object) -> list[str]:
    assert isinstance(value, list)
    return value
