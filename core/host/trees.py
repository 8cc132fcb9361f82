"""Removing a folder with all that is in it, whatever its permissions."""

from __future__ import annotations

import os
import shutil


def remove_tree(path: str) -> None:
    """Folders without permissions included (overlayfs and images make such). A tree that is not there is fine."""
    for parent, folders, _ in os.walk(path):
        for folder in folders:
            inner = os.path.join(parent, folder)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        shutil.rmtree(path)
