"""Removing a tree whose files belong to users of a user namespace: only from inside such a namespace may one."""

from __future__ import annotations

from sampan.core.host.trees import remove_tree
from sampan.runtimes.process.shim import namespaces
from sampan.runtimes.process.shim.channel import Channel


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``path``, ``subordinate``."""
    subordinate = request["subordinate"]
    assert subordinate is None or isinstance(subordinate, list)
    namespaces.leave_as_root((), subordinate)
    remove_tree(str(request["path"]))
    channel.send({"removed": True})
