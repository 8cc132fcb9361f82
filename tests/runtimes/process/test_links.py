"""What ``ip`` says to a removal, and which of it matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.contracts.runtime import RuntimeFailure
from sampan.runtimes.process.network.links import IpCommand


def ip_that_says(words: str, folder: Path) -> IpCommand:
    program = folder / "ip"
    program.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    program.chmod(0o755)
    return IpCommand(str(program))


@pytest.mark.parametrize("words", ['Cannot find device "sv1"', "RTNETLINK answers: No such device"])
def test_a_link_that_the_kernel_has_taken_away_already_is_fine(words: str, tmp_path: Path) -> None:
    ip_that_says(words, tmp_path).delete("sv1")


def test_a_link_that_cannot_be_taken_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match="Operation not permitted"):
        ip_that_says("RTNETLINK answers: Operation not permitted", tmp_path).delete("sv1")
