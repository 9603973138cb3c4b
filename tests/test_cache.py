"""What is kept on disk: bytes in, bytes out, never a damaged one, never more than its limit."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Run
from kept import alter, counted, entries, stored

from frontcalc import cache
from frontcalc.cache import NOTHING_KEPT, VARIABLE, Cache, cache_folder, gathered, usage, user_cache
from frontcalc.errors import UsageError
from frontcalc.versions import key_of

KEY = key_of(["a"])
DAY_S = 86_400


class Maker:
    """Makes the same bytes and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"made"


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def folder_of(cache: Cache) -> Path:
    """Return a cache's folder."""
    assert cache.folder is not None
    return cache.folder


def test_what_is_kept_is_made_once(kept: Cache) -> None:
    make = Maker()
    assert [kept.kept("zones", KEY, make) for _ in range(2)] == [b"made", b"made"]
    assert make.times == 1
    assert entries(folder_of(kept)) == {("zones", stored(KEY)): b"made"}


def test_a_cache_is_a_value_that_travels(kept: Cache) -> None:
    kept.put(("zones", KEY, b"made"))
    there = pickle.loads(pickle.dumps(kept))
    assert there == kept
    assert there.get("zones", KEY) == b"made"


DAMAGES = {
    "emptied": "content = x''",
    "cut short": "content = substr(content, 1, 3)",
    "a bit flipped": "content = x'6c616465'",
    "longer": "content = CAST(content || 'x' AS BLOB)",
    "a number": "content = 5",
    "text that is none": "content = CAST(x'ff' AS TEXT)",
    "another checksum": "digest = x'00'",
    "moved to another kind": "kind = 'rests'",
    "a day that is none": "used = 'long ago', content = x''",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_made_anew(kept: Cache, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    make = Maker()
    kept.kept("zones", KEY, make)
    kept.put(("steps", KEY, b"whole"))
    alter(folder_of(kept), f"UPDATE entries SET {damage} WHERE kind = 'zones'")
    assert kept.get("rests", KEY) is None
    assert kept.kept("zones", KEY, make) == b"made"
    assert kept.kept("zones", KEY, make) == b"made"
    assert make.times == 2
    assert kept.get("steps", KEY) == b"whole"
    assert caplog.records == []


def test_without_a_folder_to_write_in_all_works_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    cache._warn_once.cache_clear()
    make = Maker()
    assert [Cache(tmp_path / "file").kept("zones", KEY, make) for _ in range(2)] == [b"made", b"made"]
    assert make.times == 2
    assert [record.message for record in caplog.records] == ["nothing can be kept in the cache: not a directory"]


def test_entries_are_gathered_and_written_together(kept: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.put(("zones", KEY, b"before"))
    other, third = key_of(["b"]), key_of(["c"])

    def interrupted() -> None:
        with gathered(kept) as gathering:
            gathering.put(("zones", KEY, b"after"))
            gathering.put(("maps", other, b"map"))
            assert entries(folder_of(kept)) == {("zones", stored(KEY)): b"before"}
            assert gathering.get("zones", KEY) == b"before"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    # What was put is true whatever went wrong after it.
    assert entries(folder_of(kept)) == {("zones", stored(KEY)): b"after", ("maps", stored(other)): b"map"}
    monkeypatch.setattr(cache, "_TOGETHER", 6)
    with gathered(kept) as gathering:
        gathering.put(("maps", third, b"large"))
        assert kept.get("maps", third) is None
        gathering.put(("zones", KEY, b"!"))
        assert kept.get("maps", third) == b"large"
    with gathered(NOTHING_KEPT) as gathering:
        gathering.put(("maps", KEY, b"nothing"))
        assert gathering.get("maps", KEY) is None


def test_nothing_is_kept_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make = Maker()
    assert [NOTHING_KEPT.kept("zones", KEY, make) for _ in range(2)] == [b"made", b"made"]
    assert make.times == 2
    assert list(tmp_path.iterdir()) == []
    assert usage(NOTHING_KEPT) == usage(NOTHING_KEPT, clearing=True)


def test_keys_tell_parts_apart() -> None:
    assert key_of(["a", "bc"]) != key_of(["ab", "c"])
    assert key_of(["a", b"b"]) == key_of([b"a", "b"])
    assert len(key_of([])) == 64


def test_the_folder_stays_near_its_limit_and_what_was_used_last_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Cache(tmp_path / "cache", most_bytes=10_000)
    for number in range(40):
        # A day apart, since uses are told apart by days.
        monkeypatch.setattr(cache, "time", lambda number=number: number * DAY_S)
        kept.put(("steps", key_of([str(number)]), bytes(968)))
        assert kept.get("steps", key_of(["0"])) is not None
    held = {key for _, key in entries(tmp_path / "cache")}
    assert 5_000 <= sum(size for _, size in usage(kept).values()) <= 10_000
    # The first was used every time, and so it is there; of the others the last are.
    assert stored(key_of(["0"])) in held
    assert stored(key_of(["39"])) in held
    assert stored(key_of(["1"])) not in held


def test_what_alone_is_larger_than_the_limit_is_not_kept_and_drives_nothing_out(tmp_path: Path) -> None:
    kept = Cache(tmp_path / "cache", most_bytes=1000)
    kept.put(("steps", KEY, b"x"))
    kept.put(("zones", KEY, bytes(1001)))
    assert list(entries(tmp_path / "cache")) == [("steps", stored(KEY))]


def test_an_entry_that_was_not_used_for_a_day_counts_as_used_again_when_it_is(kept: Cache) -> None:
    kept.put(("steps", KEY, b"x"))
    alter(folder_of(kept), "UPDATE entries SET used = 0")
    assert kept.get("steps", KEY) == b"x"
    alter(folder_of(kept), "DELETE FROM entries WHERE used = 0")
    assert kept.get("steps", KEY) == b"x"


def test_only_entries_are_counted_and_removed(kept: Cache) -> None:
    """Fetched regions and files of others stay; a database that was put aside goes."""
    folder = folder_of(kept)
    kept.put(("steps", KEY, b"x"))
    stay = [folder / "regions" / "UKR-adm1.json", folder / "notes.txt", folder / "entries.sqlite"]
    aside = folder / f"{cache.NAME}.damaged"
    for path in (*stay, aside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    assert counted(kept) == {"steps": (1, 32 + 1)}
    assert counted(kept, clearing=True) == {"steps": (1, 32 + 1)}
    assert all(path.read_bytes() == b"mine" for path in stay)
    assert entries(folder) == {}
    assert not aside.exists()


def test_looking_makes_nothing(kept: Cache) -> None:
    assert kept.get("steps", KEY) is None
    assert counted(kept) == counted(kept, clearing=True) == {}
    assert not folder_of(kept).exists()


def test_there_are_no_other_kinds(kept: Cache) -> None:
    with pytest.raises(ValueError, match="nothing is kept as"):
        kept.put(("../maps", KEY, b""))


def test_the_environment_names_folder_and_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert user_cache() == Cache(tmp_path, 1 << 30)
    monkeypatch.setenv(cache.LIMIT, "5000")
    assert user_cache(tmp_path / "mine") == Cache(tmp_path / "mine", 5000)
    monkeypatch.setenv(cache.LIMIT, "5 GB")
    with pytest.raises(UsageError, match="FRONTCALC_CACHE_BYTES: is '5 GB'; give a whole number, as 1073741824"):
        user_cache()


def test_the_variable_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    assert not cache_folder().exists()


def test_without_it_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert cache_folder().name == "frontcalc"


WRITER = """
import sys
from pathlib import Path
from frontcalc.cache import Cache
from frontcalc.versions import key_of
kept = Cache(Path(sys.argv[1]), most_bytes=40_000)
for turn in range(300):
    key = key_of([str(turn % 60)])
    content = kept.kept("steps", key, lambda: key.encode() * 16)
    assert content == key.encode() * 16, turn
"""


def test_two_processes_may_write_and_make_room_at_once(kept: Cache) -> None:
    command = [sys.executable, "-c", WRITER, str(kept.folder)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in running] == ["", ""]
    assert 0 < sum(size for _, size in usage(kept).values()) <= 45_000


def test_eight_threads_share_a_cache(kept: Cache) -> None:
    contents = {key_of([str(number)]): str(number).encode() * 1000 for number in range(50)}

    def work(turn: int) -> bool:
        asked = list(contents.items())[turn:] + list(contents.items())[:turn]
        return all(kept.kept("steps", key, lambda content=content: content) == content for key, content in asked)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(32)))
    assert len(entries(folder_of(kept))) == 50


def test_info_and_clear(kept: Cache, run_here: Run) -> None:
    kept.put(("maps", KEY, bytes(2000)))
    folder = ["--cache", str(kept.folder)]
    shown = run_here("cache", "info", *folder).stdout
    assert "maps           1  2.0 KiB  what is on each map" in shown
    assert "all            1  2.0 KiB  1.0 GiB at most" in shown
    assert f"folder: {kept.folder}" in shown
    facts = json.loads(run_here("cache", "info", *folder, "--format", "json").stdout)
    assert facts["entries"] == 1
    assert facts["bytes"] == 2032
    assert facts["limit_bytes"] == 1 << 30
    assert {"kind": "maps", "entries": 1, "bytes": 2032} in facts["kinds"]
    assert run_here("cache", "clear", *folder).stdout == "removed 1 entry, 2.0 KiB\n"
    assert run_here("cache", "clear", *folder).stdout == "removed 0 entries, 0 B\n"
    assert json.loads(run_here("cache", "info", *folder, "--format", "json").stdout)["bytes"] == 0


def test_a_file_is_no_cache_and_not_an_empty_one(tmp_path: Path, run_here: Run) -> None:
    (tmp_path / "file").touch()
    for command in ("info", "clear"):
        done = run_here("cache", command, "--cache", tmp_path / "file")
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.endswith("file: is no folder; name a folder by --cache or FRONTCALC_CACHE\n")
