"""What every test shares: coroutine tests run on asyncio, nothing is left behind, and contract suites show their values."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester", "tests.support.leaks")
pytest.register_assert_rewrite("sampan.core.testing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
