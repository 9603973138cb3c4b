"""The cache's database as a file: damaged, foreign, busy, not to be written, killed while it is written."""

from __future__ import annotations

import logging
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kept import alter, counted, entries, stored

from frontcalc import cache
from frontcalc.cache import NAME, Cache, usage
from frontcalc.errors import DataError
from frontcalc.versions import key_of

KEYS = [key_of([str(number)]) for number in range(30)]


def content(key: str) -> bytes:
    """Return what is kept under a key: some more than a page of the database, some less."""
    return key.encode() * (200 if key[0] < "8" else 2)


@pytest.fixture(autouse=True)
def unheard() -> None:
    """Let everything be said once more that is said once."""
    cache._warn_once.cache_clear()
    cache._busy_until.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def kept(folder: Path) -> Cache:
    """A cache that is full."""
    kept = Cache(folder)
    for key in KEYS:
        kept.put(("steps", key, content(key)))
    return kept


def all_kept(kept: Cache) -> list[bytes]:
    """Return what a run gets, that makes again what is not there."""
    return [kept.kept("steps", key, lambda key=key: content(key)) for key in KEYS]


ALL = [content(key) for key in KEYS]


def flipped(content: bytes, seed: int) -> bytes:
    """Return a database in which some bits are others: few where the seed is even, many where it is odd."""
    chance, damaged = random.Random(seed), bytearray(content)
    for _ in range(len(content) // 200 if seed % 2 else 40):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda whole: b"",
    "a byte": lambda whole: whole[:1],
    "cut in the first page": lambda whole: whole[:1000],
    "cut after the first page": lambda whole: whole[:4096],
    "half": lambda whole: whole[: len(whole) // 2],
    "no database": lambda whole: b"{}" * len(whole),
    "zeros": lambda whole: bytes(len(whole)),
    "zeros after the first page": lambda whole: whole[:4096] + bytes(len(whole) - 4096),
    "too long": lambda whole: whole + bytes(5000),
    **{f"bits flipped {seed}": lambda whole, seed=seed: flipped(whole, seed) for seed in range(24)},
}


@pytest.mark.parametrize("opened", [True, False], ids=["opened before", "opened after"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_database_is_begun_anew(
    kept: Cache, folder: Path, damage: Callable[[bytes], bytes], opened: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if not opened:
        cache.close_all()
    path = folder / NAME
    path.write_bytes(damage(path.read_bytes()))
    for _ in range(3):
        assert all_kept(kept) == ALL
        assert list(counted(kept)) in ([], ["steps"])
    assert len(caplog.records) <= 1
    # Whatever was there: in the end all is kept, and nothing is made once more.
    assert [kept.get("steps", key) for key in KEYS] == ALL
    usage(kept, clearing=True)
    assert counted(kept) == {}


def test_what_is_no_database_of_frontcalcs_is_put_aside_and_it_is_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(b"mine")
    (folder / f"{NAME}-journal").write_bytes(b"mine")
    assert all_kept(Cache(folder)) == ALL
    assert (folder / f"{NAME}.damaged").read_bytes() == b"mine"
    said = f"the cache was damaged and is begun anew; what was there is now {NAME}.damaged"
    assert [record.message for record in caplog.records] == [said]
    assert len(entries(folder)) == len(KEYS)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (a)",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER UPDATE ON entries BEGIN DELETE FROM entries; END",
        "CREATE INDEX more ON entries (abs(size))",
        "ALTER TABLE entries ADD COLUMN more AS (zeroblob(1000000000))",
        "DROP INDEX uses",
    ],
)
def test_a_database_with_anything_else_in_it_is_put_aside(kept: Cache, folder: Path, statement: str) -> None:
    cache.close_all()
    alter(folder, statement)
    assert kept.get("steps", KEYS[0]) is None
    assert (folder / f"{NAME}.damaged").exists()
    assert all_kept(kept) == ALL
    assert len(entries(folder)) == len(KEYS)


def test_what_is_in_a_write_ahead_log_is_read_and_the_log_given_up(kept: Cache, folder: Path) -> None:
    cache.close_all()
    alter(folder, "PRAGMA journal_mode = WAL")
    assert [kept.get("steps", key) for key in KEYS] == ALL
    assert {path.name for path in folder.iterdir()} <= {NAME, f"{NAME}-journal"}


def test_links_and_folders_in_its_place_are_refused(kept: Cache, tmp_path: Path) -> None:
    target = tmp_path / "cache" / NAME
    before = target.read_bytes()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / NAME).symlink_to(target)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling" / NAME).symlink_to(tmp_path / "made")
    (tmp_path / "third" / NAME).mkdir(parents=True)
    for name in ("other", "dangling", "third"):
        other = Cache(tmp_path / name)
        other.put(("zones", KEYS[0], b"x"))
        assert other.get("zones", KEYS[0]) is None
        assert other.get("steps", KEYS[0]) is None
        with pytest.raises(DataError, match=r"entries-1\.sqlite is no regular file"):
            usage(other, clearing=True)
    assert target.read_bytes() == before
    assert not (tmp_path / "made").exists()


def test_what_may_not_be_written_is_read_and_it_is_said_once(
    kept: Cache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache.close_all()
    monkeypatch.setattr(cache, "_SETTINGS", f"{cache._SETTINGS}; PRAGMA query_only = ON")
    monkeypatch.setattr(cache, "time", lambda: 86_400 * 1_000_000)
    assert all_kept(kept) == ALL
    # That the first was used cannot be noted, which is no reason to lose those looked up with it.
    assert list(kept.look_up("steps", KEYS).values()) == ALL
    for key in KEYS:
        kept.put(("zones", key, b"x"))
    assert [record.message for record in caplog.records] == [
        "nothing can be kept in the cache: attempt to write a readonly database"
    ]
    with pytest.raises(DataError, match="attempt to write a readonly database"):
        usage(kept, clearing=True)
    cache.close_all()


def test_a_busy_database_is_done_without_and_not_waited_for_each_time(
    kept: Cache, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cache, "_CLEARING_S", 0.01)
    caplog.set_level(logging.INFO, "frontcalc")
    with closing(sqlite3.connect(folder / NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert all_kept(kept) == ALL
        assert [kept.get("steps", key) for key in KEYS] == [None] * len(KEYS)
        # Of sixty times that it is asked, it is waited for once.
        assert cache._PATIENCE_S <= time.monotonic() - began < 5 * cache._PATIENCE_S
        with pytest.raises(DataError, match="another process is writing to it; try again"):
            usage(kept, clearing=True)
    assert caplog.records == []
    later = time.monotonic() + cache._PAUSE_S
    monkeypatch.setattr(cache, "monotonic", lambda: later)
    assert [kept.get("steps", key) for key in KEYS] == ALL


def test_a_folder_that_is_removed_or_changed_for_another_meanwhile_is_seen(
    kept: Cache, folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    assert kept.get("steps", KEYS[0]) is None
    kept.put(("zones", KEYS[0], b"x"))
    assert list(entries(folder)) == [("zones", stored(KEYS[0]))]
    shutil.rmtree(folder)
    (tmp_path / "copy").rename(folder)
    assert [kept.get("steps", key) for key in KEYS] == ALL


def test_only_so_many_databases_are_open(tmp_path: Path) -> None:
    caches = [Cache(tmp_path / str(number)) for number in range(10)]
    for _ in range(2):
        for number, kept in enumerate(caches):
            assert kept.kept("steps", KEYS[0], lambda number=number: bytes([number])) == bytes([number])
    assert len(cache._opened) <= cache._MOST_OPEN


def test_the_file_is_its_owners_and_gives_back_what_it_has_beyond_the_limit(kept: Cache, folder: Path) -> None:
    path = folder / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number in range(40):
        kept.put(("grounds", key_of(["large", str(number)]), bytes(50_000)))
    assert path.stat().st_size > 2_000_000
    smaller = Cache(folder, most_bytes=500_000)
    cache._written.clear()
    smaller.put(("zones", KEYS[0], b"x"))
    assert 300_000 < path.stat().st_size <= 500_000
    assert smaller.get("zones", KEYS[0]) == b"x"
    usage(kept, clearing=True)
    assert path.stat().st_size < 50_000


WRITER = """
import sys
from pathlib import Path
from frontcalc.cache import Cache
from frontcalc.versions import key_of
kept, seed = Cache(Path(sys.argv[1]), most_bytes=3_000_000), sys.argv[2]
for turn in range(100_000):
    kept.put(("steps", key_of([seed, str(turn % 100)]), f"{seed} {turn % 100} ".encode() * 5000))
    if turn == 0:
        print("begun", flush=True)
"""


def test_a_process_that_is_killed_leaves_whole_entries(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(1)
    for seed in "abcdef":
        command = [sys.executable, "-c", WRITER, str(folder), seed]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
            assert running.stdout is not None
            running.stdout.readline()
            time.sleep(chance.random() / 10)
            running.kill()
        found = [Cache(folder).get("steps", key_of([seed, str(turn)])) for turn in range(100)]
        assert any(found)
        assert all(own in (None, f"{seed} {turn} ".encode() * 5000) for turn, own in enumerate(found))
        with closing(sqlite3.connect(folder / NAME)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert caplog.records == []


FORKED = """
import os, sys, threading
from pathlib import Path
from frontcalc.cache import Cache
from frontcalc.versions import key_of
kept = Cache(Path(sys.argv[1]))
keys = [key_of([str(turn)]) for turn in range(100)]
kept.put(("steps", keys[0], b"before"))
goes_on = True
def write():
    while goes_on:
        kept.put(("areas", keys[0], b"meanwhile"))
thread = threading.Thread(target=write)
thread.start()
child = os.fork()
for key in keys[1:]:
    kept.put(("zones" if child else "rests", key, key.encode()))
assert kept.get("steps", keys[0]) == b"before"
assert [kept.get("zones" if child else "rests", key) for key in keys[1:]] == [key.encode() for key in keys[1:]]
if child:
    assert os.waitpid(child, 0)[1] == 0
    goes_on = False
    thread.join()
"""


@pytest.mark.skipif(not hasattr(sys, "abiflags"), reason="no process forks on Windows")
def test_a_forked_child_has_a_connection_of_its_own(folder: Path) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", FORKED, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(entries(folder)) == 200


def test_sqlite_is_loaded_where_something_is_kept_only() -> None:
    asked = "import sys, frontcalc.cache as c; c.NOTHING_KEPT.kept('maps', '', bytes); print('sqlite3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True).stdout == b"False\n"
