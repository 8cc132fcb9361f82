"""What every test shares: coroutine tests run on asyncio, and a contract suite's failed assertion shows its values."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)
pytest.register_assert_rewrite("sampan.core.testing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
