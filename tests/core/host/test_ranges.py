"""Address ranges that clusters of one machine have chosen before any route shows it."""

from __future__ import annotations

import shutil
import threading
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from sampan.core.host import ranges
from sampan.core.host.ranges import choosing
from sampan.core.ip import Network


@pytest.fixture(autouse=True)
def _as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "is_network_admin", lambda: True)


def choose(owner: Path, cidr: str, notes: Path) -> list[Network]:
    """What others had when ``owner`` chose."""
    owner.mkdir(exist_ok=True)
    with choosing(owner, notes) as (taken, note):
        note(cidr)
        return list(taken)


def test_what_others_have_chosen_is_taken_and_ones_own_is_not(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    assert choose(tmp_path / "a", "10.1.0.0/16", notes) == []
    assert choose(tmp_path / "b", "10.2.0.0/16", notes) == [IPv4Network("10.1.0.0/16")]
    assert choose(tmp_path / "a", "10.3.0.0/16", notes) == [IPv4Network("10.2.0.0/16")]
    assert choose(tmp_path / "b", "10.2.0.0/16", notes) == [IPv4Network("10.3.0.0/16")]


def test_ranges_of_both_families_are_noted_together(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    choose(tmp_path / "a", "10.1.0.0/16,fd00:10:96::/112", notes)
    both = [IPv4Network("10.1.0.0/16"), IPv6Network("fd00:10:96::/112")]
    assert choose(tmp_path / "b", "10.2.0.0/16", notes) == both


@pytest.mark.parametrize("text", [b"10.1.0.0/99 /", b"", b"\xff /", b"10.0.0.0/8+10.2.0.0/16 /"])
def test_a_note_that_cannot_be_read_keeps_no_cluster_from_starting(text: bytes, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    choose(tmp_path / "a", "10.1.0.0/16", notes)
    (notes / "0123456789abcdef").write_bytes(text)
    (notes / "a-folder").mkdir()
    assert choose(tmp_path / "b", "10.2.0.0/16", notes) == [IPv4Network("10.1.0.0/16")]


def test_a_range_is_free_again_when_its_owners_data_is_gone(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    choose(tmp_path / "a", "10.1.0.0/16", notes)
    shutil.rmtree(tmp_path / "a")
    assert choose(tmp_path / "b", "10.1.0.0/16", notes) == []


def test_a_range_that_was_given_back_is_free(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    choose(tmp_path / "a", "10.1.0.0/16", notes)
    for _ in range(2):
        ranges.give_back(tmp_path / "a", notes)
    assert choose(tmp_path / "b", "10.1.0.0/16", notes) == []


def test_what_is_taken_without_a_route_is_used_before_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "used_networks", lambda: [IPv4Network("10.1.0.0/16")])
    candidates, taken = ("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"), [IPv4Network("10.2.0.0/16")]
    assert ranges.free_network(candidates, taken) == "10.3.0.0/16"
    assert ranges.free_network(candidates[:2], taken) == "10.2.0.0/16"


def test_a_range_of_one_family_is_never_in_the_way_of_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "used_networks", lambda: [IPv4Network("10.1.0.0/16"), IPv6Network("fd00:10:96::/112")])
    assert ranges.free_network(("fd00:10:96::/112", "fd00:10:97::/112")) == "fd00:10:97::/112"
    assert ranges.free_network(("10.1.0.0/16", "10.2.0.0/16")) == "10.2.0.0/16"


def test_two_never_choose_at_the_same_time(tmp_path: Path) -> None:
    notes, chosen = tmp_path / "notes", []
    candidates = [IPv4Network(f"10.{second}.0.0/16") for second in range(8)]

    def run(owner: Path) -> None:
        owner.mkdir()
        with choosing(owner, notes) as (taken, note):
            cidr = next(each for each in candidates if each not in taken)
            note(str(cidr))
        chosen.append(cidr)

    threads = [threading.Thread(target=run, args=(tmp_path / str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(chosen) == candidates


def test_where_nothing_can_be_noted_nothing_is_taken(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert choose(tmp_path / "a", "10.1.0.0/16", blocked / "notes") == []
