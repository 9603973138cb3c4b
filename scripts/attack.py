"""Hold every reader to an oracle, and kill or starve what writes: `make attack`.

Inputs are changed in their structure before they are written, and may be broken after. What is accepted must have the
oracle's figure: of JSON and KML that of the very bytes, of the other formats that of the same document in GeoJSON.
Commands are killed at random moments or get too little of something; the next run must give the bytes of an undisturbed
one. A finding can be made again: ``python scripts/attack.py --only geojson:1234``, or ``--only "kill series:7"``.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from fuzz import measure, options_of, read, shares, show
from fuzz_mutations import JSON, XML, mutate, set_bytes, truncate
from fuzz_seeds import ROOT, WRITERS, change_structure, document, oracle, zipped

from frontcalc.errors import FrontcalcError

OUTCOMES = ("same figure", "same by a leniency", "refused by both", "refused by us alone", "not to be written")
_PACKED = {"gzip": "geojson", "zip": "geojson", "kmz": "kml"}
_TEXTS = {"geojson": JSON, "geojson-sequence": JSON, "topojson": JSON, "kml": XML}


def attack_input(name: str, number: int, seed: int = 1) -> tuple[bytes, bytes]:
    """Return an input, and what the oracle reads in its place; the same for the same arguments."""
    random = Random(f"{seed}:{name}:{number}")
    given, text = document(random), _PACKED.get(name, name)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        change_structure(given, random)
    if text not in _TEXTS:  # these say in other ways what their coordinates are in
        for one in (given, *given["features"]):
            one.pop("crs", None)
    data = WRITERS[text][0](given, random)
    if text in _TEXTS and random.random() < 0.4:
        data = mutate(data, _TEXTS[text], random)
    judged = data if text in _TEXTS else json.dumps(given).encode()
    if name == "gzip":
        data = gzip.compress(data, mtime=0)
    elif name in _PACKED:
        data = zipped({f"a.{text}": data})
    if text not in (*_TEXTS, "esri") and random.random() < 0.2:  # a piece less may still be JSON
        data = truncate(data, random)
    elif name in _PACKED and random.random() < 0.3:
        data = random.choice((set_bytes, truncate))(data, random)
    return data, judged


def try_figure(seed: int, name: str, number: int) -> str:
    """Hold what is read of an input to the oracle; AssertionError is a finding."""
    try:
        data, judged = attack_input(name, number, seed)
    except Exception:  # what a format has no way to write, as a position of one number
        return "not to be written"
    right, why, said = None, "", set()
    try:
        right, said = oracle.figure(judged)
    except oracle.NoMap as error:
        why = str(error)
    if why and "outside" not in why and _PACKED.get(name, name) not in _TEXTS:
        return "not to be written"
    if "direction" in said and _PACKED.get(name, name) not in (*_TEXTS, "esri"):
        return "not to be written"  # with the directions that these rings have: writers turn them
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = measure(read(data))
        except FrontcalcError:
            return "refused by both" if right is None or said else "refused by us alone"
    assert right is not None, f"read as {found:,.3f} km², but to the oracle {why}"
    assert abs(found - right) <= 0.002 + 1e-7 * right, f"{found:,.3f} km², but to the oracle {right:,.3f} ({said})"
    return "same by a leniency" if said else "same figure"


# --- kills and limits --------------------------------------------------------------------------------------------

COMMANDS = {
    "series": "series --archive {maps} --cache {cache} -o {out}/series.csv",
    "summary": "summary --archive {maps} --cache {cache} --every year,month --gross -o {out}",
    "convert": "archive convert --archive {maps} -o {out}/maps",
    "report": "report 2023 --archive {maps} --cache {cache} -o {out}/page.html",
    "fetch": "fetch arcgis {url} -o {out}/fetched --accept-terms",
}
LIMITS = {
    "memory": ("as", 120_000_000, 600_000_000),
    "files": ("nofile", 4, 24),
    "size": ("fsize", 0, 99_999),
    "processes": ("nproc", 1, 6),
}
_SECONDS = 120.0


class Bench:
    """A folder of maps, a server, and what each command writes when nothing disturbs it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        shutil.copytree(ROOT / "data" / "sample_polygons", folder / "maps", ignore=lambda _, names: sorted(names)[8:])
        self.right, self.seconds = {}, {}
        for command in COMMANDS:
            began = time.monotonic()
            with tempfile.TemporaryDirectory(dir=folder) as own:
                ended = self.finished(self.started(command, Path(own)))
                assert ended[0] == 0, (command, ended)
                self.seconds[command] = time.monotonic() - began
                self.right[command] = tree(Path(own, "out"))

    def started(self, command: str, own: Path, *before: str) -> subprocess.Popen[bytes]:
        """Start a command that writes into a folder of its own."""
        for place in (own, own / "out"):
            place.mkdir(exist_ok=True)
            place.chmod(0o777)
        places = {"maps": self.folder / "maps", "cache": own / "cache", "out": own / "out", "url": self.url}
        arguments = [word.format(**places) for word in COMMANDS[command].split()]
        return subprocess.Popen(
            [*before, sys.executable, "-m", "frontcalc", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # it kills itself where it may start no threads
        )

    def finished(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """Return the exit code and words of a command that is let end; no process of it is left."""
        try:
            _, said = process.communicate(timeout=_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, said.decode(errors="replace")

    def disturbed(self, seed: int, name: str, number: int) -> str:
        """Disturb a command, then run it in peace if it did not end well; AssertionError is a finding."""
        random = Random(f"{seed}:{name}:{number}")
        what, _, kind = name.partition(" ")
        command, limit = (kind, "") if what == "kill" else (random.choice(list(COMMANDS)), "")
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            own = Path(folder)
            if what == "kill":
                process = self.started(command, own)
                self.kill(process, own / "out", random.random() * self.seconds[command], random)
            else:
                resource, least, most = LIMITS[kind]
                limit = f"--{resource}={random.randint(least, most)}"
                process = self.started(command, own, *alone(), "prlimit", limit)
            code, said = self.finished(process)
            case = f"{command} {limit}: exit code {code}, {said[-300:]!r}"
            assert what == "kill" or code in (0, 2, 3, 4), case
            assert "Traceback" not in said, case
            left = sorted(tree(own / "out"))
            # What was killed when all was written and in its place has left nothing to do.
            done = code == 0 or tree(own / "out") == self.right[command]
            ended = (0, said) if done else self.finished(self.started(command, own))
            assert ended[0] == 0, f"{case}, left {left}; then {ended}"
            found, right = tree(own / "out"), self.right[command]
            odd = [path for path in found | right if found.get(path) != right.get(path)]
            assert not odd, f"{case}, left {left}; then other bytes in {odd}"
        return "ended with 0" if code == 0 else "killed" if what == "kill" else "ended with an error"

    def kill(self, process: subprocess.Popen[bytes], out: Path, seconds: float, random: Random) -> None:
        """Kill a command, alone or with its children, at a moment; as often as not soon after it begins to write."""
        ends, early = time.monotonic() + seconds, random.random() < 0.5
        ends += 60 * early
        while process.poll() is None and time.monotonic() < ends and not (early and any(out.iterdir())):
            time.sleep(0.001)
        time.sleep(random.random() / 20 * early)
        with suppress(ProcessLookupError):  # it has ended
            (os.killpg if random.random() < 0.5 else os.kill)(process.pid, signal.SIGKILL)


def alone() -> list[str]:
    """Return what runs a command as a user who has no other processes and may read all: limits do not hold root."""
    if os.geteuid():
        return []
    able = "-all,+dac_read_search"
    return [*f"setpriv --reuid {100_000 + os.getpid()} --clear-groups --inh-caps={able} --ambient-caps={able}".split()]


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder by their paths."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def serve(pipe: Connection) -> None:
    """Serve a layer of maps until killed."""
    from map_server import FakeLayer, milliseconds, serving

    rows = [(milliseconds(f"2024-01-{day:02}"), (day, 0)) for day in range(1, 21)]
    with serving(layers={"Maps/FeatureServer/0": FakeLayer(rows)}) as maps:
        pipe.send(maps.layer())
        signal.pause()


def main() -> int:
    """Run from the command line; 1 where there are findings."""
    parser = options_of(__doc__, 50_000, list(WRITERS))
    parser.add_argument("--kills", type=int, default=300, help="a third as many limits [default: %(default)s]")
    asked = parser.parse_args()
    figures = partial(try_figure, asked.seed)
    name, _, number = (asked.only or "").rpartition(":")
    if name in WRITERS:
        data, judged = attack_input(name, int(number), asked.seed)
        Path("attack-input").write_bytes(data)
        Path("attack-judged").write_bytes(judged)
        print(figures(name, int(number)))
        return 0
    for write, _ in WRITERS.values():
        measure(read(write(document(Random(0)), Random(0))))  # so that all is loaded
    found = 0 if name else show(asked, figures, shares(asked, WRITERS), OUTCOMES)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        ours, theirs = multiprocessing.Pipe(duplex=False)
        server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
        server.start()
        bench = Bench(Path(folder), ours.recv())
        if name:
            print(bench.disturbed(asked.seed, name, int(number)))
            return 0
        kills = asked.kills // len(COMMANDS)
        numbers = {f"kill {command}": kills for command in COMMANDS} | {f"limit {one}": kills // 3 for one in LIMITS}
        ends = ("killed", "ended with 0", "ended with an error")
        disturbed = show(asked, partial(bench.disturbed, asked.seed), numbers, ends, batch=1)
        server.kill()
    return found or disturbed


if __name__ == "__main__":
    sys.exit(main())
