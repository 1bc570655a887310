"""Atomic writing and fingerprints."""

from __future__ import annotations

import json
import math
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zemsim
from zemsim.core import atomic, fingerprint
from zemsim.core.errors import OutputError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic.write_json(path, {"b": 1, "a": "ā"})
    before = path.read_bytes()
    assert json.loads(before) == {"a": "ā", "b": 1}
    with pytest.raises(ValueError, match="JSON"):
        atomic.write_json(path, {"a": math.nan})
    with pytest.raises(ZeroDivisionError):
        atomic.write_with(path, lambda handle: handle.write(bytes(1 // 0)))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    atomic.make_folder(tmp_path / "a" / "b")
    atomic.make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot make this folder: Not a directory"):
        atomic.make_folder(tmp_path / "file" / "b")


@pytest.mark.parametrize("step", ["replace", "fsync", "open"])
def test_trouble_with_the_disk_is_an_output_error(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step != "open" else Path, step, fail)
    with pytest.raises(OutputError, match=r"a\.txt: cannot write: No space left on device"):
        atomic.write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OutputError, match="symbolic link"):
        atomic.write_text(tmp_path / "link", "yours")
    assert (tmp_path / "target").read_text() == "mine"


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    left = tmp_path / "b" / f".a.parquet.01234567{atomic.TMP_SUFFIX}"
    left.write_bytes(b"half")
    (tmp_path / "b" / "a.parquet").write_bytes(b"whole")
    assert atomic.remove_leftovers(tmp_path) == [left]
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["a.parquet"]


def test_digest_of_a_folder_depends_on_names_and_bytes_only(tmp_path: Path) -> None:
    for name, order in (("one", ("x", "y/z")), ("two", ("y/z", "x"))):
        for file in order:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(file)
    (tmp_path / "two" / ".hidden").write_text("x")
    one = fingerprint.of_folder(tmp_path / "one")
    assert one == fingerprint.of_folder(tmp_path / "two")
    (tmp_path / "two" / "x").write_text("other")
    assert one != fingerprint.of_folder(tmp_path / "two")
    assert fingerprint.of_file(tmp_path / "one" / "x") == fingerprint.of_bytes(b"x")


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.text(), _plain, max_size=6))
def test_digest_of_settings_does_not_depend_on_order(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert fingerprint.of_json(value) == fingerprint.of_json(turned)
    assert fingerprint.of_json(json.loads(json.dumps(value))) == fingerprint.of_json(value)


def test_whole_floats_are_the_same_question_and_nan_is_none() -> None:
    assert fingerprint.of_json({"a": 3.0}) == fingerprint.of_json({"a": 3})
    assert fingerprint.of_json({"a": 3.1}) != fingerprint.of_json({"a": 3})
    with pytest.raises(ValueError, match="finite"):
        fingerprint.of_json([math.inf])


def test_version_of_the_code() -> None:
    root = Path(__file__).resolve().parents[3]
    about = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert about["project"]["version"] == zemsim.__version__
    assert len(fingerprint.of_code()) == 2 * fingerprint.DIGEST_BYTES
