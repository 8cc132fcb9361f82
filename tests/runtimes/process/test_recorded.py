"""Records are read again when they have changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from sampan.runtimes.process.recorded import Recorded
from sampan.runtimes.process.shim import records


def test_a_record_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    read = records.read

    def counted(path: str) -> dict[str, object] | None:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(records, "read", counted)
    path, recorded = str(tmp_path / "a.json"), Recorded()
    assert recorded.read(path) is None
    records.write(path, {"n": 1})
    assert [recorded.read(path) for _ in range(3)] == [{"n": 1}] * 3
    assert len(reads) == 1
    records.write(path, {"n": 2})
    assert recorded.read(path) == {"n": 2}
    recorded.forget(str(tmp_path))
    assert recorded.read(path) == {"n": 2}
    assert len(reads) == 3
