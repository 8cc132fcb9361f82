"""Tests that need something of the machine: left out where that is missing, but for CI, which has it or fails."""

from __future__ import annotations

import os

import pytest


def needs(there: bool, reason: str) -> pytest.MarkDecorator:
    """With ``CI=true`` the test is run all the same, so that nothing passes by being left out."""
    return pytest.mark.skipif(not there and os.environ.get("CI") != "true", reason=reason)
