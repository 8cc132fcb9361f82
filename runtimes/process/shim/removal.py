"""Removing a tree whose files belong to users of a user namespace: only from inside such a namespace may one."""

from __future__ import annotations

import os
import shutil

from sampan.runtimes.process.shim import namespaces
from sampan.runtimes.process.shim.channel import Channel


def run(channel: Channel, request: dict[str, object]) -> None:
    """``request``: ``path``, ``subordinate``."""
    subordinate = request["subordinate"]
    assert subordinate is None or isinstance(subordinate, list)
    namespaces.leave_as_root((), subordinate)
    remove_tree(str(request["path"]))
    channel.send({"removed": True})


def remove_tree(path: str) -> None:
    """Remove it, folders without permissions included (overlayfs makes such). A tree that is not there is fine."""
    for parent, folders, _ in os.walk(path):
        for folder in folders:
            inner = os.path.join(parent, folder)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        shutil.rmtree(path)
