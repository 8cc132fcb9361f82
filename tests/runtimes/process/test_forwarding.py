"""What is changed of a host so that it forwards, and that all of it is set back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.ip import IPV4, IPV6
from sampan.runtimes.process.network import forwarding

HEARD_DEFAULT = "0" * 32 + " 00 " + "0" * 32 + " 00 " + "f" * 32 + " 00000400 00000001 00000000 00450003"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host that forwards nothing, hears a router by ``eth0`` and ``eth1``, and does so by ``eth1`` come what may."""
    monkeypatch.setattr(forwarding, "SETTINGS", tmp_path / "net")
    monkeypatch.setattr(forwarding, "ROUTES_IPV6", tmp_path / "routes")
    for name, value in (
        ("ipv4/ip_forward", "0"), ("ipv6/conf/all/forwarding", "0"), ("ipv6/conf/eth0/accept_ra", "1"),
        ("ipv6/conf/eth1/accept_ra", "2"), ("ipv6/conf/eth2/accept_ra", "1"),
    ):  # fmt: skip
        (tmp_path / "net" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "net" / name).write_text(f"{value}\n")
    (tmp_path / "routes").write_text(f"{HEARD_DEFAULT}     eth0\n{HEARD_DEFAULT}     eth1\n")
    return tmp_path / "net"


def values(settings: Path) -> dict[str, str]:
    return {str(path.relative_to(settings)): path.read_text().strip() for path in settings.rglob("*") if path.is_file()}


def test_what_was_changed_is_set_back(settings: Path) -> None:
    before = values(settings)
    changed = forwarding.enable(IPV4) | forwarding.enable(IPV6)
    assert values(settings) == before | {
        "ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", "ipv6/conf/eth0/accept_ra": "2",
    }  # fmt: skip
    forwarding.set_back(forwarding.changes_of(changed))
    assert values(settings) == before


def test_a_host_that_forwards_already_is_left_alone(settings: Path) -> None:
    forwarding.enable(IPV6)
    before = values(settings)
    assert forwarding.enable(IPV6) == {}
    assert values(settings) == before


def test_an_interface_that_is_gone_keeps_nothing_from_being_set_back(settings: Path) -> None:
    changed = forwarding.enable(IPV6)
    (settings / "ipv6/conf/eth0/accept_ra").unlink()
    (settings / "ipv6/conf/eth0").rmdir()
    forwarding.set_back(changed)
    assert values(settings)["ipv6/conf/all/forwarding"] == "0"


@pytest.mark.parametrize(
    ("record", "families"), [(True, ["ipv4/ip_forward"]), (["IPv4"], ["ipv4/ip_forward"]), (None, [])]
)
def test_records_of_earlier_releases_are_understood(record: object, families: list[str]) -> None:
    assert list(forwarding.changes_of(record)) == families
