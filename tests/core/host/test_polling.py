"""Descriptors above 1,024, and how many there may be."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sampan.core.host import open_files
from sampan.core.host.polling import is_writable, readable


@pytest.fixture
def high_pipe() -> Iterator[tuple[int, int]]:
    """A pipe whose numbers are above what ``select`` can take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3000:
        pytest.skip("this user may not have 3,000 files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3000), hard))
    low = os.pipe()
    high = (2000, 2001)
    for old, new in zip(low, high, strict=True):
        os.dup2(old, new, inheritable=False)
        os.close(old)
    yield high
    for fd in high:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_high_numbers_are_watched(high_pipe: tuple[int, int]) -> None:
    reading, writing = high_pipe
    assert readable([reading], 0) == []
    assert is_writable(writing)
    os.write(writing, b"x")
    assert readable([reading], None) == [reading]


def test_an_end_is_something_to_read() -> None:
    reading, writing = os.pipe()
    os.close(writing)
    assert readable([reading], 0) == [reading]
    os.close(reading)


RAISE = """
import resource
from sampan.core.host import open_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
print(open_files.raise_limit() == min(hard, open_files.MOST), open_files.raise_limit() == open_files.limit())
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
print(open_files.raise_limit(), open_files.share(0.5))
"""


def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    done = subprocess.run([sys.executable, "-c", RAISE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "200", "100"]


def test_everybody_has_some_share() -> None:
    assert open_files.share(0.0) == 16
