"""What a shell is told for Tab: commands, kinds and names, of the server that is asked."""

from __future__ import annotations

import pytest

from tests.cli.api_server import Server, Shell

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def complete(shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> object:
    def complete(*words: str) -> list[str]:
        monkeypatch.setenv("_SAMPAN_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["sampan", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        capfd.readouterr()
        with pytest.raises(SystemExit):
            shell()
        out, err = capfd.readouterr()
        assert err == ""
        return [line.partition(",")[2] for line in out.splitlines() if line]

    return complete


def names(*found: str) -> dict[str, object]:
    return {"items": [{"metadata": {"name": name}} for name in found]}


def test_commands_kinds_and_names_are_known(complete: object, server: Server) -> None:
    assert callable(complete)
    server.on("GET", PODS, names("web", "wet", "db"))
    assert complete("cl") == ["clusters"]
    assert complete("get", "po") == ["pods"]
    assert complete("get", "pods", "we") == ["web", "wet"]
    assert complete("get", "pods", "web", "we") == ["wet"]
    assert complete("delete", "pod/w") == ["pod/web", "pod/wet"]
    assert complete("logs", "d") == ["db"]


def test_a_server_that_fails_says_nothing(complete: object, server: Server) -> None:
    assert callable(complete)
    assert complete("get", "pods", "we") == []
    assert complete("status", "--name", "x") == []


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(bare_shell: Shell, shell_name: str) -> None:
    result = bare_shell("completion", shell_name)
    assert result.code == 0
    assert f"_SAMPAN_COMPLETE={shell_name}_complete" in result.out
