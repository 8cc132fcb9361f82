"""What every test shares: coroutine tests run on asyncio, nothing is left behind, and contract suites show their values."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("sampan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sampan")  # how busy the machine is decides nothing
pytest_plugins = ("pytester", "tests.support.leaks")
pytest.register_assert_rewrite("sampan.core.testing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _a_path_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin's file brings its folder, and what is installed there is found as a plugin by everybody after it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
