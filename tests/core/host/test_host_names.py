"""This host's resolver: what is entered, what is taken out again, and what is never touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.core.errors import ConfigError
from sampan.core.host import host_names
from sampan.core.host.host_names import HostNames
from sampan.core.host.resolver import host_dns_servers

OWN = "search example.com\nnameserver 192.0.2.53\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "etc/resolv.conf").write_text(OWN)
    return tmp_path


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often systemd-resolved was told to look again."""
    said: list[str] = []
    monkeypatch.setattr(host_names, "_load_anew", lambda: said.append("again"))
    return said


def test_without_systemd_the_clusters_server_comes_first_until_it_is_taken_out(root: Path) -> None:
    names, file = HostNames(Path("/data"), root), root / "etc/resolv.conf"
    for address in ("10.96.0.10", "10.97.0.10"):  # it may have another one by the next time
        assert names.install("cluster.local", address) == file
        assert names.is_installed()
        assert file.read_text() == f"{names.line(address)}\n{OWN}"
    assert names.uninstall()
    assert file.read_text() == OWN
    assert not names.uninstall()


def test_systemd_resolved_is_told_about_the_clusters_domain_alone(root: Path, restarts: list[str]) -> None:
    file = root / "etc/resolv.conf"
    file.write_text("nameserver 127.0.0.53\n")
    names = HostNames(Path("/data"), root)
    drop_in = names.install("cluster.local", "10.96.0.10")
    assert drop_in.read_text() == "[Resolve]\nDNS=10.96.0.10\nDomains=~cluster.local\n"
    assert restarts == ["again"]
    assert names.uninstall()
    assert not drop_in.exists()
    assert file.read_text() == "nameserver 127.0.0.53\n"
    assert restarts == ["again"] * 2


def test_a_second_cluster_does_not_take_the_place_of_the_first(root: Path, restarts: list[str]) -> None:
    first, second = HostNames(Path("/first"), root), HostNames(Path("/second"), root)
    for servers in (OWN, "nameserver 127.0.0.53\n"):
        (root / "etc/resolv.conf").write_text(servers)
        first.install("cluster.local", "10.96.0.10")
        with pytest.raises(ConfigError, match="another cluster answers for this host already"):
            second.install("cluster.local", "10.97.0.10")
        assert not second.uninstall()
        assert first.is_installed()
        first.uninstall()


def test_a_file_that_cannot_be_written_is_said_and_stays(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ConfigError, match=r"cannot change .*resolv.conf.*No space left on device"):
        HostNames(Path("/data"), root).install("cluster.local", "10.96.0.10")
    assert (root / "etc/resolv.conf").read_text() == OWN


def test_a_cluster_asks_the_hosts_own_servers_and_not_what_was_entered(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    HostNames(Path("/data"), root).install("cluster.local", "10.96.0.10")
    monkeypatch.setattr("sampan.core.host.resolver.RESOLV_CONF", root / "etc/resolv.conf")
    assert host_dns_servers() == ("192.0.2.53",)
