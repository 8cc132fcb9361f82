"""Waiting, as plugin authors wait (see `sampan.core.testing.wait`)."""

from __future__ import annotations

from sampan.core.testing.wait import NotYetError, eventually, soon, until

__all__ = ["NotYetError", "eventually", "soon", "until"]
