"""kubeconfig files: written private, merged without loss, read back."""

from __future__ import annotations

import stat
from pathlib import Path

import attrs
import pytest
import yaml

from sampan.core.errors import ConfigError
from sampan.core.kubeconfig import Access, add_context, default_path, read_access, remove_context, write_kubeconfig

ACCESS = Access(name="sampan", server="https://127.0.0.1:6443", ca_pem="PEM", token="secret")
OTHER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "work",
    "clusters": [{"name": "work", "cluster": {"server": "https://work"}}],
    "users": [{"name": "me", "user": {"token": "t"}}],
    "contexts": [{"name": "work", "context": {"cluster": "work", "user": "me"}}],
}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / "config", ACCESS)
    assert read_access(tmp_path / "config") == ACCESS
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600


def test_a_persons_other_clusters_stay(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(OTHER))
    add_context(file, ACCESS)
    add_context(file, ACCESS)
    assert read_access(file) == ACCESS
    assert read_access(file, "work").server == "https://work"
    assert [entry["name"] for entry in yaml.safe_load(file.read_text())["contexts"]] == ["work", "sampan"]


def test_removal_leaves_the_others_and_no_current_context(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(OTHER))
    add_context(file, ACCESS)
    assert remove_context(file, ACCESS)
    left = yaml.safe_load(file.read_text())
    assert [entry["name"] for entry in left["clusters"]] == ["work"]
    assert left["current-context"] == ""


def test_another_clusters_context_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config"
    add_context(file, attrs.evolve(ACCESS, ca_pem="another CA"))
    before = file.read_text()
    assert not remove_context(file, ACCESS)
    assert file.read_text() == before


@pytest.mark.parametrize("text", ["- a list", "kind: Pod", "a: [", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(ConfigError, match="kubeconfig"):
        add_context(file, ACCESS)
    assert file.read_text() == text


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sampan up"):
        read_access(tmp_path / "none")
    write_kubeconfig(tmp_path / "config", ACCESS)
    with pytest.raises(ConfigError, match="no context named 'elsewhere'"):
        read_access(tmp_path / "config", "elsewhere")


def test_kubectls_own_file_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path}/a:{tmp_path}/b")
    assert default_path() == tmp_path / "a"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".kube" / "config"
