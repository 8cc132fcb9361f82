"""What is read from files, and the words for what cannot be."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sampan.cli.manifests import read_manifests
from sampan.core.errors import ConfigError


def read(tmp_path: Path, text: str, name: str = "file.yaml") -> list[tuple[object, int]]:
    path = tmp_path / name
    path.write_text(text)
    return [(manifest.obj, manifest.line) for manifest in read_manifests([str(path)])]


def test_several_documents_each_with_its_line(tmp_path: Path) -> None:
    text = "---\nkind: A\n---\n---\n# nothing here\n---\nkind: B\nmetadata: {name: b}\n"
    assert read(tmp_path, text) == [({"kind": "A"}, 2), ({"kind": "B", "metadata": {"name": "b"}}, 7)]


def test_lists_are_their_items(tmp_path: Path) -> None:
    text = "kind: List\nitems: [{kind: PodList, items: [{kind: Pod}]}, {kind: Service}]"
    assert [obj for obj, _ in read(tmp_path, text)] == [{"kind": "Pod"}, {"kind": "Service"}]


def test_json_documents_one_after_another(tmp_path: Path) -> None:
    text = '{"kind": "A"}\n{"kind":\t"B"}\n---\n{"kind": "C"}\n'
    assert read(tmp_path, text, "a.json") == [({"kind": "A"}, 1), ({"kind": "B"}, 2), ({"kind": "C"}, 4)]


def test_values_are_those_of_json(tmp_path: Path) -> None:
    [(obj, _)] = read(tmp_path, "kind: A\nwhen: 2026-01-01\n2: one\nfalse: yes\n")
    assert obj == {"kind": "A", "when": "2026-01-01", "2": "one", "false": True}


def test_folders_in_order_and_other_files_left_out(tmp_path: Path) -> None:
    for name in ("b.yml", "a.json", "notes.txt", "below/c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f'{{"kind": "{name[0]}"}}')
    assert [manifest.kind for manifest in read_manifests([str(tmp_path)])] == ["a", "b"]
    assert len(read_manifests([str(tmp_path)], recursive=True)) == 3


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kind: A\n"))
    assert [manifest.source for manifest in read_manifests(["-"])] == ["STDIN"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: A\n metadata: x\n", "line 2: mapping values are not allowed"),
        ("kind: A\nb:\n\tc: d\n", "line 3: found character"),
        ('{"kind": "A",', "line 1: unexpected EOF"),
        ('{"kind": "A"}\n{"kind" 1}', "line 2: Expecting ':' delimiter"),
        ("kind: A\n---\n- b\n", "line 3: an object is expected, not a list"),
        ("just text", "line 1: an object is expected, not text"),
        ("kind: List\nitems: [1]", "line 1: every item must be an object"),
        ("a: *b", "found undefined alias"),
    ],
)
def test_errors_name_the_file_and_the_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert "file.yaml" in str(caught.value)
    assert words in str(caught.value)


def test_no_such_path() -> None:
    with pytest.raises(ConfigError, match=r'the path "none\.yaml" does not exist'):
        read_manifests(["none.yaml"])


def test_a_folder_without_manifests(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="recognized file extensions"):
        read_manifests([str(tmp_path)])


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_manifests([str(tmp_path / "a.yaml")])
