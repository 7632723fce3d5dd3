"""Recordings are written atomically."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyapi.conformance.writing import write_each


def test_each_file_is_written_where_it_belongs(tmp_path: Path) -> None:
    write_each(tmp_path, {"a/b.har": b"new", "c.har": b"too"})
    write_each(tmp_path, {"c.har": b"newer"})

    assert (tmp_path / "a/b.har").read_bytes() == b"new"
    assert (tmp_path / "c.har").read_bytes() == b"newer"


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.har").write_bytes(b"old")

    def failing(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="No space"):
        write_each(tmp_path, {"a.har": b"new"})

    assert [path.name for path in tmp_path.iterdir()] == ["a.har"]
    assert (tmp_path / "a.har").read_bytes() == b"old"
