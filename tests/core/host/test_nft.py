"""nftables scripts: whole or not at all."""

from __future__ import annotations

import subprocess
from uuid import uuid4

import pytest

from sampan.core.errors import ConfigError
from sampan.core.host import nft
from sampan.core.host.capabilities import is_network_admin
from sampan.core.host.netlink import HostNetworkError
from tests.support.needs import needs

pytestmark = [
    pytest.mark.root,
    needs(nft.is_installed() and is_network_admin(), "needs nft, and root"),
]


def tables() -> str:
    return subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout


def test_a_script_with_a_mistake_changes_nothing() -> None:
    name = f"spt{uuid4().hex[:8]}"
    with pytest.raises(HostNetworkError, match=r"^nft: "):
        nft.run(f"add table ip {name}\nadd chain ip {name} x\nadd rule ip {name} none accept\n")
    assert name not in tables()


def test_a_table_goes_with_all_that_is_in_it() -> None:
    name = f"spt{uuid4().hex[:8]}"
    nft.run(f"add table ip {name}\nadd chain ip {name} x\n")
    assert name in tables()
    for _ in range(2):
        nft.delete_table("ip", name)
    assert name not in tables()


def test_a_table_of_somebody_elses_is_told_from_ones_own() -> None:
    name = f"spt{uuid4().hex[:8]}"
    nft.check_own("ip", name, "mine")
    nft.run(f"add table ip {name}\nadd chain ip {name} theirs\n")
    try:
        with pytest.raises(ConfigError, match=f"none of sampan's: take it away with `nft delete table ip {name}`"):
            nft.check_own("ip", name, "mine")
        nft.check_own("ip", name, "theirs")
    finally:
        nft.delete_table("ip", name)


def test_a_machine_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nft, "PATH", "/nowhere")
    with pytest.raises(HostNetworkError, match="nft is not installed"):
        nft.run("add table ip x")
    nft.delete_table("ip", "x")
    nft.check_own("ip", "x", "mine")
