"""Measuring on a Dask cluster: a real scheduler and real workers, processes of their own on this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from local_cluster import Processes, waited_for

import frontcalc
from frontcalc.errors import DataError, FrontcalcError, UsageError
from frontcalc.outputs import render
from frontcalc.read.files import Entry
from frontcalc.run import chain, cluster, parallel
from frontcalc.run import run as runs
from frontcalc.run.options import Options
from frontcalc.versions import software

AREA = 100.0  # km², of a square


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Run a scheduler with two workers."""
    with Processes(tmp_path_factory.mktemp("cluster")) as started:
        started.start_worker("one")
        started.start_worker("two")
        started.has_workers(2)
        yield started


Archive = Callable[..., Path]


@pytest.fixture
def maps(archive: Archive) -> Path:
    """Twenty days of a square that stays, and of another that is one, two or three squares east of it in turn."""
    drawn = {f"2024-01-{day:02}": {None: [(0, 0), (1 + day % 3, 0)]} for day in range(1, 21)}
    return archive(drawn)


@pytest.fixture
def regions(region_file: Archive) -> Path:
    return region_file({"West": [(0, 0), (1, 0)], "East": [(2, 0)]})


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of two steps, so that there are many."""
    monkeypatch.setattr(parallel, "BLOCK", 1)


@pytest.fixture
def nothing_measured_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the workers measures steps."""

    def refuse(*_: object, **how: object) -> None:
        raise AssertionError("a step was measured by this process")

    monkeypatch.setattr(chain.change, "steps", refuse)


def written(table: Any) -> bytes:
    """Return a table with all that it rests on."""
    return bytes(render(table, "json"))


@pytest.mark.usefixtures("small_blocks", "nothing_measured_here")
def test_a_series_has_the_same_bytes_and_every_step_comes_from_the_workers(
    processes: Processes, maps: Path, regions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = {"archive": maps, "regions": regions, "snap": "none", "cache": "none"}
    there = frontcalc.series(**how, workers=processes.address)
    monkeypatch.undo()
    assert written(there) == written(frontcalc.series(**how))
    east = [row.net_km2 for row in there.rows if row.region == "East"]
    # It is two squares east on day 1 and so in the region, then three, one and two again.
    assert east[1:4] == pytest.approx([-AREA, 0, AREA])


def test_workers_measure_what_is_held_at_openings_too(
    processes: Processes, maps: Path, regions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("areas were measured by this process")

    # What is suspect of a change is looked into here.
    monkeypatch.setattr(runs, "change", SimpleNamespace(**vars(runs.change) | {"areas": refuse}))
    how = {"archive": maps, "regions": regions}
    weeks = ["2024-W01", "2024-W02"]
    there = frontcalc.diff(weeks, **how, workers=processes.address, cache=tmp_path / "kept")
    # Nor are they the second time, without a cluster.
    assert written(frontcalc.diff(weeks, **how, cache=tmp_path / "kept")) == written(there)
    monkeypatch.undo()
    assert written(frontcalc.diff(weeks, **how, cache="none")) == written(there)


@pytest.mark.usefixtures("nothing_measured_here")
def test_what_the_workers_measured_is_kept_here(
    processes: Processes, maps: Path, regions: Path, tmp_path: Path
) -> None:
    how = {"archive": maps, "regions": regions, "cache": tmp_path / "kept"}
    there = frontcalc.series(**how, workers=processes.address)
    # Nobody measures the second time: every step is known.
    assert written(frontcalc.series(**how)) == written(there)


@pytest.mark.parametrize(
    "command",
    [
        ("series", "--every", "week"),
        ("diff", "2024-01-05..2024-01-14", "2024-01-14", "2024-01-15", "2025"),
        ("diff", "2024-01-05..2024-01-20", "--format", "geojson"),
        ("summary", "--every", "week", "--gross"),
        ("summary", "--every", "month", "--baseline", "2024-01-10"),
    ],
    ids=" ".join,
)
def test_commands_say_the_same(
    processes: Processes, maps: Path, regions: Path, command: tuple[str, ...], run_here: Callable[..., Any]
) -> None:
    """On stderr too, where Dask would log."""
    how = (*command, "--archive", maps, "--regions", regions, "--cache", "none")
    here, there = run_here(*how), run_here(*how, "--workers", processes.address)
    assert here.returncode == 0, here.stderr
    assert there == here


def before_sending(monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]) -> None:
    """Have something done before each task is sent."""
    connected = cluster.connected

    def connected_and_done(stack: ExitStack, address: str) -> tuple[Any, int]:
        send, at_once = connected(stack, address)
        return lambda *task: (do(), send(*task))[1], at_once

    monkeypatch.setattr(cluster, "connected", connected_and_done)


@pytest.mark.usefixtures("small_blocks", "nothing_measured_here")
def test_a_killed_worker_loses_nothing(
    tmp_path: Path, maps: Path, regions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers stand still until tasks were given to them; one that got some is killed, and the other goes on."""
    names = ("one", "two")
    lost: dict[str, Any] = {}
    outcome = cluster.outcome

    def stop_all() -> None:
        for name in names if not lost else ():
            processes.signal(name, signal.SIGSTOP)

    def kill_and_wait(address: str, client: Any, future: Any) -> Any:
        if not lost:
            there = waited_for(lambda: {place: keys for place, keys in client.processing().items() if keys})
            place, keys = max(there.items(), key=lambda item: len(item[1]))
            lost[client.scheduler_info(n_workers=-1)["workers"][place]["name"]] = keys
            for name in names:
                processes.signal(name, signal.SIGKILL if name in lost else signal.SIGCONT)
        return outcome(address, client, future)

    with Processes(tmp_path) as processes:
        for name in names:
            processes.start_worker(name)
        processes.has_workers(len(names))
        before_sending(monkeypatch, stop_all)
        monkeypatch.setattr(cluster, "outcome", kill_and_wait)
        there = frontcalc.series(archive=maps, regions=regions, workers=processes.address, cache="none")
        monkeypatch.undo()
        ((name, keys),) = lost.items()
        assert keys
        assert processes.running.pop(name).wait() == -signal.SIGKILL
    assert written(there) == written(frontcalc.series(archive=maps, regions=regions, cache="none"))


def test_other_content_on_a_worker_is_refused(
    processes: Processes, maps: Path, regions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "fingerprint", lambda entry: "0" * 64)
    with pytest.raises(DataError, match=r"2024-01-01\.geojson: has another content on a worker than here; let all"):
        frontcalc.series(archive=maps, regions=regions, workers=processes.address, cache="none")
    with pytest.raises(DataError, match=r"2024-01-05\.geojson: has another content"):
        frontcalc.diff(["2024-01-05..2024-01-07"], archive=maps, workers=processes.address, cache="none")


def test_a_file_that_workers_do_not_see_is_refused(tmp_path: Path) -> None:
    files = {Entry(tmp_path, "a.geojson"): "0" * 64}
    met = cluster.on_worker(software(), files, lambda *_: parallel.NOTHING, (), None)
    assert re.match(r".*a\.geojson: cannot be read on worker .*the same path as this machine", str(met))


def test_an_archive_is_found_by_workers_in_another_folder(
    processes: Processes, maps: Path, regions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(maps.parent)
    asked = {"regions": regions, "workers": processes.address, "cache": "none"}
    assert len(frontcalc.series(archive=maps.name, **asked).rows) == 20 * 4
    between = frontcalc.diff_files(*(Path(maps.name, f"2024-01-{day}.geojson") for day in ("01", "02")), **asked)
    assert between.rows[-1].gained_km2 == pytest.approx(AREA)


def test_a_bad_map_is_an_error_as_without_a_cluster(processes: Processes, maps: Path, regions: Path) -> None:
    (maps / "2024-01-20.geojson").write_text('{"type": "FeatureCollection", "features": [')
    errors = []
    for how in ({}, {"workers": processes.address}):
        with pytest.raises(DataError) as raised:
            frontcalc.series(archive=maps, regions=regions, cache="none", **how)
        errors.append(str(raised.value))
    assert errors[0] == errors[1]
    assert "2024-01-20.geojson" in errors[0]


@pytest.mark.parametrize("name", ["frontcalc", "GEOS"])
def test_other_software_is_refused(
    processes: Processes, maps: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """This machine says to have another version than the scheduler and the workers have."""
    expected = rf"the scheduler has {name} {software()[name]} and not 0\.0; install the same on all machines"
    check = cluster.check_software
    monkeypatch.setattr(cluster, "check_software", lambda here, *there: check(here | {name: "0.0"}, *there))
    with pytest.raises(FrontcalcError, match=expected):
        frontcalc.diff(["2024-01-05"], archive=maps, workers=processes.address)


def test_a_worker_that_joined_later_is_asked_for_its_software_too() -> None:
    met = cluster.on_worker(software() | {"shapely": "0.0"}, {}, lambda *_: parallel.NOTHING, (), None)
    assert re.match(r"--workers: worker .* has shapely .* and not 0\.0", str(met))


def test_a_cluster_without_workers_is_no_hang(
    tmp_path: Path, maps: Path, regions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at the start, nor when the last one dies with the work."""
    monkeypatch.setattr(cluster, "WORKERS_S", 0.5)
    asked = {"archive": maps, "regions": regions, "cache": "none"}
    with Processes(tmp_path) as alone:
        with pytest.raises(FrontcalcError, match=r"no worker has joined it within 0\.5 seconds"):
            frontcalc.series(**asked, workers=alone.address)
        alone.start_worker("only")
        alone.has_workers(1)
        before_sending(monkeypatch, lambda: alone.signal("only", signal.SIGKILL))
        with pytest.raises(FrontcalcError, match=r"--workers tcp.*; see the logs of its scheduler and workers"):
            frontcalc.series(**asked, workers=alone.address)


@pytest.fixture
def mute() -> Iterator[str]:
    """Return the address of something that listens, and never says anything."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


def test_what_does_not_answer_is_given_up_in_seconds(mute: str, maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    for address, problem in ((nobody, "refused"), (mute, "nothing was heard within 0.5 seconds")):
        begun = time.process_time()
        with pytest.raises(
            FrontcalcError, match=f"--workers {address}: no scheduler answers: .*{problem}.*leave --workers"
        ):
            frontcalc.diff(["2024-01-05"], archive=maps, workers=address)
        assert time.process_time() - begun < 30


def test_an_address_of_a_worker_is_none_of_a_scheduler(processes: Processes, maps: Path) -> None:
    import distributed

    with distributed.Client(processes.address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(FrontcalcError, match="a worker answers and no scheduler"):
        frontcalc.diff(["2024-01-05"], archive=maps, workers=worker)


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "http://localhost:8786", "tcp://localhost", "tcp://a b:1", "two", "x:99999", "x:0", "9" * 10],
)
def test_what_is_no_address_is_a_usage_error(maps: Path, address: str) -> None:
    with pytest.raises(
        UsageError, match=r"no address of a scheduler; give one as in tcp://10\.0\.0\.1:8786, or a whole number"
    ):
        frontcalc.diff(["2024-01-05"], archive=maps, workers=address)


@pytest.mark.parametrize("address", ["localhost:8786", "tcp://10.0.0.1:8786", "tls://host.example:1", "tcp://[::1]:80"])
def test_what_is_an_address(address: str) -> None:
    assert Options(workers=address).workers == address


def test_a_number_of_workers_may_be_a_text_as_a_command_has_it() -> None:
    assert Options(workers="3").threads == 3
    for none in ("0", "-2", 0):
        with pytest.raises(UsageError, match=f"--workers {none}: there must be one at least"):
            Options(workers=none)


def test_without_dask_the_message_says_what_to_install(maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r'--workers: .* pip install distributed, or .* pip install "\.\[dask\]"'):
        frontcalc.diff(["2024-01-05"], archive=maps, workers="localhost:1")


def test_dask_is_loaded_for_a_cluster_alone() -> None:
    code = "import sys, frontcalc; frontcalc.diff(['2024-09']); sys.exit('dask' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})
