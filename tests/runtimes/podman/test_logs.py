"""Whether the end of Podman's log holds parts of lines is read from its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.runtimes.podman.logs import CHUNK, is_part, last_lines


@pytest.mark.parametrize("text", [b"", b"one", b"one\n", b"one\ntwo\n", b"x" * (2 * CHUNK) + b"\ny\n" + b"z" * CHUNK])
def test_a_file_is_read_from_its_end(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "ctr.log"
    path.write_bytes(text)
    assert list(last_lines(path)) == [line for line in reversed(text.split(b"\n")) if line]


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        (b"2026-11-30T12:18:53.174337970+00:00 stdout F one P", False),
        (b"2026-11-30T12:18:53.174337970+00:00 stderr P one F", True),
        (b"2026-11-30T12:18:53.174337970+00:00 stdout F ", False),
        (b"P P", False),
    ],
)
def test_an_entry_says_whether_it_is_a_part(entry: bytes, part: bool) -> None:
    assert is_part(entry) is part
