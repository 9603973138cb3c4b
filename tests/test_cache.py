"""What is kept on disk: bytes in, bytes out, and never a damaged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontcalc import cache
from frontcalc.folders import VARIABLE


class Maker:
    """Makes the same bytes and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"made"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_made_once(folder: Path) -> None:
    make = Maker()
    assert [cache.kept("zones", "ab", make) for _ in range(2)] == [b"made", b"made"]
    assert make.times == 1
    assert [path.name for path in (folder / "zones").iterdir()] == ["ab"]


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-1], lambda b: b"\0" + b[1:], lambda b: b + b"x"])
def test_a_damaged_entry_is_made_anew(folder: Path, damage: object) -> None:
    make = Maker()
    cache.kept("zones", "ab", make)
    entry = folder / "zones" / "ab"
    entry.write_bytes(damage(entry.read_bytes()))  # type: ignore[operator]
    assert cache.kept("zones", "ab", make) == b"made"
    assert cache.kept("zones", "ab", make) == b"made"
    assert make.times == 2


def test_without_a_folder_to_write_in_all_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "cache"))
    make = Maker()
    assert [cache.kept("zones", "ab", make) for _ in range(2)] == [b"made", b"made"]
    assert make.times == 2


def test_an_interrupted_write_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", fail)
    assert cache.kept("zones", "ab", Maker()) == b"made"
    assert list((folder / "zones").iterdir()) == []


def test_keys_tell_parts_apart() -> None:
    assert cache.key_of(["a", "bc"]) != cache.key_of(["ab", "c"])
    assert cache.key_of(["a", b"b"]) == cache.key_of([b"a", "b"])
    assert len(cache.key_of([])) == 64
