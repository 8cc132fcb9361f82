"""Variables out of files that pods have written, whatever they have written there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sampan.core.node.config.env_file import LONGEST, UnreadableFile, find_variable, read_variable

FILE = """# a comment
A='one'
  B='two words'   # and why
C=''
D='first line
second = line'
E= 'nothing'
LAST='x'"""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("A", "one"), ("B", "two words"), ("C", ""), ("D", "first line\nsecond = line"), ("E", ""), ("LAST", "x"),
        ("second ", ""), ("NONE", ""),
    ],
)  # fmt: skip
def test_a_variable_is_found_as_a_shell_would(key: str, value: str) -> None:
    assert find_variable(FILE, key) == value
    assert find_variable(FILE.replace("\n", "\r\n"), key) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A", "line 1 is not NAME='value'"),
        ("='x'", "line 1 is not NAME='value'"),
        ("A ='x'", "line 1 is not NAME='value'"),
        ("\nA=x", "the value in line 2 has no single quotes"),
        ("A=", "the value in line 1 has no single quotes"),
        ('A="x"', "the value in line 1 has no single quotes"),
        ("A='x", "the quote in line 1 is not closed"),
        ("A='x'y", "something follows the value of line 1"),
    ],
)
def test_what_is_no_variable_is_said(text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        find_variable(text, "B")


def test_what_comes_after_the_variable_is_not_looked_at() -> None:
    assert find_variable("A='x'\nnonsense", "A") == "x"


def test_a_file_of_the_volume_is_read_and_nothing_else(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    (volume / "deep").mkdir(parents=True)
    (volume / "deep" / "env").write_text("A='inside'")
    (tmp_path / "secret").write_text("A='outside'")
    (volume / "out").symlink_to("../secret")
    (volume / "within").symlink_to("deep/env")
    os.mkfifo(volume / "fifo")
    with (volume / "large").open("wb") as file:
        file.truncate(LONGEST + 1)
    assert read_variable(volume, "deep/env", "A") == read_variable(volume, "within", "A") == "inside"
    for path, said in (
        ("out", "leads out of the volume"),
        ("fifo", "is not a regular file"),
        ("deep", "is not a regular file"),
        ("large", "is larger than"),
    ):
        with pytest.raises(UnreadableFile, match=said):
            read_variable(volume, path, "A")
    with pytest.raises(FileNotFoundError):
        read_variable(volume, "none", "A")
