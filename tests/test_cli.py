"""The command line as its users meet it: text in, text and an exit code out."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import formats
import pytest
from conftest import Done, Run, square

import frontcalc
from frontcalc import levels
from frontcalc.cli import _MODULE_OF, options, results
from frontcalc.cli import run as in_process
from frontcalc.measure.series import EVERY
from frontcalc.outputs import CHECK_WRITERS, MAP_WRITERS, WRITERS
from frontcalc.outputs.numbers import UNITS
from frontcalc.pictures.sheet import FORMATS as PICTURES
from frontcalc.pictures.style import THEMES
from frontcalc.regions import SNAPS

Write = Callable[..., Path]


def run(*arguments: str | Path, archive: Path | None = None, folder: Path | None = None) -> Done:
    """Run a command in this process, whose streams are no terminal; only the environment may name an archive."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FRONTCALC_ARCHIVE", raising=False)
        if archive:
            patch.setenv("FRONTCALC_ARCHIVE", str(archive))
        if folder:
            patch.chdir(folder)
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        code = in_process([*map(str, arguments)])
    for stream in streams:
        stream.seek(0)
    return Done(code, *(stream.read() for stream in streams))


CHORE = 'frontcalc: the source of maps is not given: write publisher = "…" into frontcalc.toml among its maps\n'


@pytest.fixture
def maps(archive: Write) -> Path:
    return archive(
        {
            "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [None]},
            "2024-12-31": {"control_map": [(300, 40)], "russian_advances": [(301, 40)]},
        }
    )


def test_diff_prints_a_table(maps: Path) -> None:
    done = run("diff", "2024", archive=maps)
    assert (done.returncode, done.stderr) == (0, CHORE)
    assert "total    100.0   0.0  +100.0" in done.stdout


def test_archive_option_beats_the_environment(maps: Path, tmp_path: Path) -> None:
    done = run("diff", "2024", "--archive", maps, archive=tmp_path / "elsewhere")
    assert done.returncode == 0


def test_data_on_stdout_and_notices_on_stderr(maps: Path) -> None:
    done = run("diff", "2024", "--format", "csv", archive=maps)
    assert done.stdout.startswith("archive,actor,period,")
    head = "frontcalc: Before you publish (all: --notes all)\n"
    assert done.stderr == f"{head}  no regions were given, so only totals are shown\n{CHORE}"


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".csv", b"archive,"),
        (".json", b"{"),
        (".md", b"**"),
        (".txt", b"Russian"),
        (".xlsx", b"PK"),
        (".parquet", b"PAR1"),
        (".geojson", b'{"type":"FeatureCollection"'),
        (".gpkg", b"SQLite format 3"),
        (".geoparquet", b"PAR1"),
    ],
)
def test_output_file_takes_its_form_from_its_name(suffix: str, start: bytes, maps: Path, tmp_path: Path) -> None:
    target = tmp_path / f"out{suffix}"
    done = run("diff", "2024", "-o", target, archive=maps)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_bytes().startswith(start)


def test_what_cannot_be_written_so_is_a_usage_error_before_anything_is_measured(maps: Path, tmp_path: Path) -> None:
    known = ", ".join(dict.fromkeys(suffixes.split()[0] for _, suffixes, _ in WRITERS.values()))
    done = run("diff", "2024", "-o", tmp_path / "out.xls", archive=maps)
    assert (done.returncode, f"no form has the suffix .xls; use {known}" in done.stderr) == (2, True)
    done = run("diff", "2024", "-o", tmp_path / "out.html", "--format", "csv", archive=maps)
    said = f"out.html: no form is a web page; use {known}"
    assert (done.returncode, said in done.stderr, "or frontcalc report" in done.stderr) == (2, True, True)
    done = run("held", "2024-01-01", "-o", tmp_path / "out.gpkg", archive=maps)
    assert (done.returncode, "no form has the suffix .gpkg; use .txt" in done.stderr) == (2, True)
    done = run("diff", "2024", "--format", "json", "--bom", archive=maps)
    assert (done.returncode, "--bom is for CSV alone" in done.stderr) == (2, True)
    assert run("diff", "2024", "--units", "acres", archive=maps).returncode == 2
    assert not list(tmp_path.glob("out*"))


def test_no_terminal_gets_bytes(maps: Path) -> None:
    main, terminal = os.openpty()
    command = [sys.executable, "-m", "frontcalc", "diff", "2024", "--format", "xlsx", "--archive", str(maps)]
    done = subprocess.run(command, stdout=terminal, stderr=subprocess.PIPE, text=True, check=False)
    os.close(terminal)
    os.close(main)
    assert done.returncode == 2
    assert "xlsx is no text for a terminal; write it to a file with -o" in done.stderr


def test_square_miles_and_a_byte_order_mark(maps: Path) -> None:
    done = run("diff", "2024", "--format", "csv", "--units", "mi2", "--bom", archive=maps)
    assert done.stdout.startswith("\ufeffarchive,actor,")
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (row["gained_mi2"], row["net_mi2"], "gained_km2" in row) == ("38.610", "38.610", False)


def test_a_map_of_two_files(maps: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.geojson"
    assert run("diff", *sorted(maps.iterdir()), "-o", target).returncode == 0
    (feature,) = json.loads(target.read_bytes())["features"]
    assert (feature["properties"]["kind"], feature["properties"]["km2"]) == ("gained", 100.0)


def test_a_dash_is_standard_output(maps: Path) -> None:
    assert run("held", "2024-01-01", "-o", "-", "--format", "json", archive=maps).stdout.startswith("{")


def test_two_files_are_compared(maps: Path, tmp_path: Path) -> None:
    before, after = tmp_path / "before.geojson", tmp_path / "after.geojson"
    (maps / "2023-12-31.geojson").rename(before)
    (maps / "2024-12-31.geojson").rename(after)
    done = run("diff", before, after, "--format", "json")
    row = json.loads(done.stdout)["rows"][0]
    assert row["period"] == "before.geojson..after.geojson"
    assert (row["opening"], row["days"], row["rate_km2_per_day"]) == (None, None, None)
    assert row["net_km2"] == 100.0
    assert run("diff", before, "2024").stderr == (
        "frontcalc: give periods, or exactly two files to compare; see frontcalc diff --help\n"
    )


def test_two_dated_files_have_their_dates(maps: Path) -> None:
    done = run("diff", maps / "2023-12-31.geojson", maps / "2024-12-31.geojson", "--format", "json")
    row = json.loads(done.stdout)["rows"][0]
    assert (row["opening"], row["closing"], row["days"]) == ("2023-12-31", "2024-12-31", 366)
    done = run("diff", maps / "2024-12-31.geojson", maps / "2023-12-31.geojson")
    assert done.returncode == 2
    assert "2024-12-31.geojson: is of 2024-12-31, after 2023-12-31; give the earlier file first" in done.stderr


def test_a_file_that_lacks_a_layer_of_the_other_is_an_error(archive: Write) -> None:
    folder = archive(
        {
            "before": {"control_map": [(300, 40)], "russian_advances": [(301, 40)]},
            "after": {"control_map": [(300, 40)]},
        }
    )
    done = run("diff", folder / "before.geojson", folder / "after.geojson")
    assert done.returncode == 3
    assert "after.geojson: has no layer advance of Russia, which before.geojson has" in done.stderr
    assert run("diff", folder / "before.geojson", folder / "after.geojson", "--view", "control").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["diff", "2024", "--regions", "none.geojson"], 3, "none.geojson: cannot be read: no such file or directory"),
        (["diff", "2023-02-29"], 2, "period '2023-02-29': has no such days"),
        (["diff", "next year"], 2, "period 'next year': is no period; periods are 2023, 2024-H2,"),
        (["diff"], 2, "Missing argument"),
        (["diff", "2019"], 4, "maps: no change can be measured in 2019: your maps run from 31 December 2023 to"),
        (["held", "2019-01-01"], 4, "maps: has no map on or before these dates; its maps are of 2023-12-31 to"),
        (["held", "yesterday"], 2, "'yesterday': is no date; write it as 2024-11-03"),
        (["diff", "2024", "--view", "claimed"], 2, "maps: no map shows claimed of Russia"),
        (["diff", "2024", "--view", "best"], 2, "no view, role or layer is named 'best'; views are control, assessed"),
        (["diff", "2024", "--actor", "Atlantis"], 2, "no map shows advance or control of Atlantis"),
        (["diff", "2024", "--view", "role:best"], 2, "no view, role or layer is named 'role:best'"),
        (["diff", "2024", "--view", ","], 2, "no view, role or layer is named ','"),
        (["diff", "2024", "--crs", "EPSG:3857"], 2, "--crs EPSG:3857: is not equal-area over the data"),
        (["diff", "2024", "--archive", "/nowhere"], 2, "/nowhere: does not exist; check the path"),
        (["dif", "2024"], 2, "No such command 'dif'"),
        (["diff", "2024", "-o", "/nowhere/x.csv"], 3, "/nowhere/x.csv: cannot be written: no such file or directory"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(arguments: list[str], code: int, message: str, maps: Path) -> None:
    done = run(*arguments, archive=maps)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("frontcalc: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_an_archive_the_sample_is_used_and_said_to_be_synthetic() -> None:
    done = run("diff", "2023", "--format", "csv")
    assert done.returncode == 0
    assert "this is the bundled SYNTHETIC SAMPLE and no real war; use --archive PATH" in done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert len(rows) == 34
    assert {row["archive"] for row in rows} == {"SYNTHETIC SAMPLE"}
    assert all("SYNTHETIC" in row["notes"].split() for row in rows)


def test_an_empty_folder_and_a_file_are_no_archives(tmp_path: Path) -> None:
    done = run("diff", "2024", archive=tmp_path)
    assert (done.returncode, "holds no maps; name files by date" in done.stderr) == (4, True)
    file = tmp_path / "a.geojson"
    file.write_text("{}")
    assert "a.geojson: holds JSON but no GeoJSON object" in run("diff", "2024", archive=file).stderr


def test_other_files_in_the_folder_are_named(maps: Path) -> None:
    (maps / "README.md").write_text("about")
    assert "note OTHER-FILES: 1 not read: README.md" in run("diff", "2024", "--notes", "all", archive=maps).stdout


def test_skipped_files_are_listed_on_stderr_and_in_meta(maps: Path) -> None:
    (maps / "2024-06-30.geojson").write_text("[")
    done = run("diff", "2024-06-30..2024-12-31", "--skip-bad", "--format", "json", "--notes", "all", archive=maps)
    assert "note SKIPPED: 2024-06-30..2024-12-31: 2024-06-30.geojson: is not valid JSON" in done.stderr
    assert "SKIPPED" in {notice["code"] for notice in json.loads(done.stdout)["meta"]["notices"]}


def closed_early(*command: str | Path, both: bool = False) -> tuple[int, str]:
    """Return exit code and stderr of a command whose reader leaves after ten bytes of stdout, and of stderr too."""
    fcntl = pytest.importorskip("fcntl")
    reading, stdout = os.pipe()
    fcntl.fcntl(stdout, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen(
        [sys.executable, "-m", "frontcalc", *map(str, command)],
        stdout=stdout,
        stderr=stdout if both else subprocess.PIPE,
        text=True,
    )
    os.close(stdout)
    assert len(os.read(reading, 10)) == 10
    os.close(reading)
    _, said = process.communicate()
    return process.returncode, said or ""


def test_a_pipe_closed_early_ends_well(maps: Path, run_here: Run) -> None:
    """More than a pipe holds is written, so that the command does find out."""
    long = ("series", "--every", "day", "--by", "none", "--format", "csv", "--archive", maps)
    assert len(run_here(*long).stdout) > 2 * 4096
    code, said = closed_early(*long)
    assert code == 0
    assert "no newer map, so nothing was measured" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert closed_early(*long, both=True) == (0, "")
    assert closed_early(*long, "--fail-on", "NO-NEW-MAP", both=True)[0] == 1


@pytest.mark.parametrize("command", ["--help", "diff --help", "cache info", "completion bash", "regions list"])
def test_what_nobody_reads_is_no_failure(command: str) -> None:
    reading, stdout = os.pipe()
    os.close(reading)
    asked = [sys.executable, "-m", "frontcalc", *command.split()]
    done = subprocess.run(asked, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    os.close(stdout)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_that_nobody_reads_has_its_exit_code() -> None:
    reading, stderr = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "frontcalc", "diff", "yesterday"], stderr=stderr, check=False)
    os.close(stderr)
    assert done.returncode == 2


@pytest.mark.thorough(but=["--help-3", "archive-2", "held 2019-01-01-4"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--help", 3), ("completion bash", 3), ("cache info -v", 3), ("archive", 2), ("held 2019-01-01", 4),
    ],
)  # fmt: skip
def test_streams_that_take_nothing_end_with_a_code_and_no_traceback(command: str, code: int) -> None:
    line = f"'{sys.executable}' -m frontcalc {command}"
    say = subprocess.run(["bash", "-c", f"{line} > /dev/full"], stderr=subprocess.PIPE, text=True, check=False)
    assert say.returncode == code
    assert "Traceback" not in say.stderr
    assert "Exception ignored" not in say.stderr
    if code == 3:
        assert say.stderr.splitlines()[-1].startswith("frontcalc: standard output: cannot be written: no space left")
    for closed, ends in ("2> /dev/full", 0 if code == 3 else code), ("> /dev/full 2> /dev/full", code):
        done = subprocess.run(["bash", "-c", f"{line} {closed}"], stdout=subprocess.DEVNULL, check=False)
        assert done.returncode == ends, closed


def test_nothing_is_opened_in_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    """Else what a library of C writes to stderr would go into the first file that was opened."""
    script = "import os; from frontcalc.cli import terminal; terminal.prepare_streams(); print(os.open('.', 0) > 2)"
    line = f"'{sys.executable}' -c \"{script}\" <&- 2>&-"
    assert subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, check=False).stdout == b"True\n"


@pytest.mark.parametrize("when", ["click", "frontcalc.cli.measures", "numpy", "shapely", "frontcalc.measure.diff"])
def test_ctrl_c_while_modules_are_loaded_is_as_quiet_as_later(when: str) -> None:
    script = (
        "import os, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {when!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # what runs tests may have it ignored
        "from frontcalc.__main__ import main\n"
        "sys.argv[1:] = ['diff', '2024']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_what_nobody_thought_of_is_a_line_and_no_failed_check() -> None:
    script = "from frontcalc import cli; cli.run = lambda *a, **k: {}['key']; cli.main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    words = "frontcalc: a fault of frontcalc itself, KeyError in <string>:1: 'key'; please report it, with the input\n"
    assert (done.returncode, done.stderr) == (3, words)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RecursionError("deep"), "what was given is nested too deeply; make it flatter"),
        (MemoryError(), "the memory ran out; give it more"),
        (PermissionError(13, "Permission denied", "a\n.csv"), "a .csv: permission denied; check its name and"),
        (OSError(28, "No space left on device"), "standard output: cannot be written: no space left"),
        (UnicodeEncodeError("utf-8", "x\udcff", 1, 2, "no"), r"'x\udcff' is no text; rename it"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_system_refuses_is_a_line_and_exit_code_3(
    error: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr("frontcalc.held", refuse)
    assert in_process(["held", "2024-01-01"]) == 3
    assert capfd.readouterr().err.splitlines()[-1].startswith(f"frontcalc: {words}")


def test_a_name_that_is_too_long_is_refused_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    long = "x" * 300
    for arguments in (
        ["held", "2024-01-01", "-o", f"{long}.csv"],
        ["diff", f"{long}.geojson", "y.geojson"],
        ["held", "2024-01-01", "--regions", f"{long}.geojson"],
    ):
        assert in_process(arguments) in (2, 3)
        assert "file name too long" in capfd.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1251"])
def test_help_can_be_shown_in_every_encoding(encoding: str) -> None:
    command = [sys.executable, "-m", "frontcalc", "diff", "--help"]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_of_every_command_names_its_options() -> None:
    assert all(name in run("--help").stdout for name in _MODULE_OF)
    assert "list" in run("regions", "--help").stdout
    for name in ("diff", "held", "series", "flows", "places"):
        done = run(name, "--help")
        assert done.returncode == 0
        for option in ("--archive", "--regions", "--view", "--actor", "--crs", "--format", "--output"):
            assert option in done.stdout


def test_a_group_without_a_command_shows_its_help() -> None:
    for arguments in ([], ["archive"], ["plot"], ["regions"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert ("\nCommands:\n" if arguments else "\nFigures:\n") in done.stderr


@pytest.mark.parametrize("name", sorted(_MODULE_OF))
def test_help_shows_no_markup(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert frontcalc.cli.run([name, "--help"]) == 0
    assert "\\b" not in capfd.readouterr().out


@pytest.mark.parametrize("command", ["archive explain", "verify"])
def test_a_missing_argument_is_no_archive_that_the_working_folder_may_lie_in(
    command: str, run_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "frontcalc.toml").write_text('view = "control"\n')
    monkeypatch.chdir(tmp_path)
    assert run_here(*command.split(), "--help").returncode == 0
    assert "Missing argument" in run_here(*command.split()).stderr


def test_choices_are_those_of_the_library() -> None:
    assert tuple(UNITS) == results.UNITS
    assert {form for forms in results.SUFFIXES.values() for form in forms} == {*CHECK_WRITERS, *MAP_WRITERS, *PICTURES}
    assert results.PICTURES == PICTURES
    assert tuple(THEMES) == results.THEMES
    assert options.SNAPS == SNAPS
    assert options.STEPS == EVERY
    assert (*levels.LEVELS, levels.NONE, *levels.ALIASES) == options.LEVELS


def loaded_by(arguments: list[str], archive: Path) -> set[str]:
    """Return what the command imports, in its own process and in those that it forks."""
    script = "import sys; from frontcalc.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FRONTCALC_ARCHIVE": str(archive)},
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


HEAVY = {"pandas", "geopandas", "pyogrio", "pyarrow", "matplotlib", "httpx", "anyio", "tenacity", "iso3166"}


@pytest.mark.thorough(but=["csv", "geojson"])
@pytest.mark.parametrize("form", ["table", "csv", "json", "geojson"])
def test_heavy_packages_are_not_imported(form: str, maps: Path) -> None:
    loaded = loaded_by(["diff", "2024", "--format", form], maps)
    assert "shapely" in loaded
    assert not HEAVY & loaded


def test_help_does_not_even_import_numpy(maps: Path) -> None:
    assert not (HEAVY | {"numpy", "shapely", "pyproj"}) & loaded_by(["--help"], maps)


def test_forked_processes_import_none_either() -> None:
    arguments = ["series", "--since", "2024-06", "--by", "none", "--workers", "2", "--cache", "none"]
    loaded = loaded_by(arguments, Path(__file__).parents[1] / "data" / "sample_polygons")
    assert "concurrent.futures.process" in loaded
    assert not HEAVY & loaded


SETTINGS = {
    **{"OGR_ENABLE_PARTIAL_REPROJECTION": "YES", "OGR_ORGANIZE_POLYGONS": "SKIP", "SHAPE_ENCODING": "CP866"},
    **{"OGR_GEOJSON_MAX_OBJ_SIZE": "0.001", "CPL_DEBUG": "ON", "GDAL_SKIP": "ESRI Shapefile", "PROJ_NETWORK": "ON"},
}


@pytest.mark.thorough(but=["start0"])
@pytest.mark.parametrize("start", [["-m", "frontcalc"], ["-c", "from frontcalc.cli import main; main()"]])
def test_settings_of_gdal_and_proj_change_no_figure(start: list[str], tmp_path: Path) -> None:
    parts = formats.shapefile_parts(tmp_path, [formats.mercator(square(0, 0))], crs="EPSG:3857")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "2024-01-01.zip").write_bytes(formats.zipped(formats.named(parts, "map")))
    command = [sys.executable, *start, "held", "2024-01-01", "--archive", str(tmp_path / "maps"), "--by", "none"]
    environment = {name: own for name, own in os.environ.items() if name not in SETTINGS}
    plain, other = (
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment | more)
        for more in ({"FRONTCALC_CACHE": str(tmp_path / "one")}, {**SETTINGS, "FRONTCALC_CACHE": str(tmp_path / "two")})
    )
    assert (other.stdout, other.stderr) == (plain.stdout, plain.stderr)


def test_where_data_of_gdal_and_proj_lie_is_left_in_the_environment() -> None:
    script = (
        "import os, sys; from frontcalc.cli import main; sys.argv[1:] = ['--version']\n"
        "try: main()\n"
        "finally: print(sorted(own for own in os.environ if own.startswith(('GDAL', 'PROJ', 'OGR', 'SHAPE', 'CPL'))))"
    )
    places = {"GDAL_DATA": "a", "PROJ_DATA": "b", "PROJ_LIB": "c"}
    environment = os.environ | SETTINGS | places
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == str(sorted(places))


def test_ctrl_c_says_what_was_written_and_what_not(
    maps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "table.csv"
    command = ["diff", "2024", "--archive", str(maps), "--fail-on", "REPEAT", "-o", str(target)]
    with monkeypatch.context() as patched:
        patched.setattr(results, "require_none", interrupt)
        assert in_process(command) == 130
    assert capfd.readouterr().err.splitlines()[-1] == f"frontcalc: interrupted; written: {target}"
    before = target.read_bytes()
    monkeypatch.setattr("os.fsync", interrupt)
    assert in_process(command) == 130
    assert capfd.readouterr().err.splitlines()[-1] == "frontcalc: interrupted; nothing was written"
    assert target.read_bytes() == before


def test_public_names() -> None:
    assert set(frontcalc.__all__) <= set(dir(frontcalc))
    assert all(getattr(frontcalc, name) is not None for name in frontcalc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        frontcalc.nothing  # noqa: B018


def test_defaults_of_the_working_folder_and_options_that_beat_them(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "frontcalc.toml").write_text('archive = "maps"\nformat = "csv"\nview = "control"\n')
    done = run("diff", "2024", folder=tmp_path)
    assert done.stdout.splitlines()[1].startswith("maps,Russia,2024,total,total,2023-12-31,2024-12-31,366,control,")
    assert run("diff", "2024", "--view", "assessed", "--format", "table", folder=tmp_path).stdout.startswith(
        "Russian-held"
    )
    done = run("diff", "2024", "-o", "out.json", folder=tmp_path)
    assert (tmp_path / "out.json").read_text().startswith("{"), "the suffix of a file beats the default format"
    (tmp_path / "frontcalc.toml").write_text('colour = "red"\n')
    done = run("diff", "2024", folder=tmp_path)
    assert (done.returncode, done.stderr.split(";")[0]) == (2, "frontcalc: frontcalc.toml: has an unknown key 'colour'")


@pytest.mark.parametrize("named", ["typed", "in the environment", "by its own file", "from inside"])
def test_an_archive_that_is_the_working_folder_sets_only_what_an_archive_may(named: str, maps: Path) -> None:
    settings = 'archive = "."\n' if named == "by its own file" else ""
    settings += 'units = "mi2"\nformat = "csv"\nregions = "/etc/passwd"\nactor = "Nobody"\nview = "control"\n'
    folder = maps / "inside" if named == "from inside" else maps
    folder.mkdir(exist_ok=True)
    (folder / "frontcalc.toml").write_text(settings)
    typed = {"typed": ["--archive", "."], "from inside": ["--archive", ".."]}.get(named, [])
    done = run("diff", "2024", *typed, folder=folder, archive=maps if named == "in the environment" else None)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Russian-held territory, km²")
    assert ("view: control" in done.stdout) == (named != "from inside")  # which is no file of the archive's own
    assert done.stderr == (
        "frontcalc: frontcalc.toml is of the archive that the working folder lies in, so it sets no actor, format, "
        f"regions, units; type the options, or work in another folder\n{CHORE.replace('maps', maps.name)}"
    )


def test_what_was_not_typed_is_said_with_where_it_is_from(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "frontcalc.toml").write_text('format = "json"\nunits = "mi2"\ncarry-layers = 3\n')
    (maps / "frontcalc.toml").write_text('view = "control"\n')
    done = run("diff", "2024", "--units", "km2", "-v", archive=maps, folder=tmp_path)
    here = "frontcalc.toml in the working folder"
    taken = {"archive": "the environment", "carry-layers": here, "format": here, "view": "the archive"}
    assert json.loads(done.stdout)["meta"]["defaults"] == taken
    assert f"frontcalc: option --carry-layers is from {here}\n" in done.stderr
    assert "frontcalc: option --archive is from the environment\n" in done.stderr
    done = run("archive", "list", archive=maps, folder=tmp_path)
    assert json.loads(done.stdout)["meta"]["defaults"] == {"archive": "the environment", "format": here, "units": here}
    done = run("diff", "2024", "--archive", maps, "--view", "control", "--format", "json")
    assert json.loads(done.stdout)["meta"]["defaults"] == []


def test_running_out_of_memory_is_said_in_a_line(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(frontcalc, "held", too_much)
    done = run_here("held", "2024-01-01")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith("frontcalc: the memory ran out; ")
