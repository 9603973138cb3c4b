"""Hold what some sixty commands print against what they printed before, while the code behind them is rebuilt.

    python scripts/goldens.py [--write] [--only WORD] [ARCHIVES]

--write keeps what is printed now in scripts/goldens.json; without it every difference is listed, and the exit code is
1 where there is one.
What is meant to differ is written anew in the commit that changes it. ARCHIVES are the publishers' archives (default:
FRONTCALC_SHARED/archives, ../shared/archives); the sample is the package's own. Nothing is kept between commands.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
SHARED = Path(os.environ.get("FRONTCALC_SHARED", Path(__file__).parents[2] / "shared"))
REGIONS = "regions/ukraine-oblasts.geojson"

_SAMPLE = """
diff 2023 2024
diff 2023 2024 --by none
diff 2023 2024 --by country,adm1
diff 2024-09-01..2024-11-03 --view control
diff 2024-Q3 2024-W36 2024-11 --snap none
diff 2024 --drop-slivers
diff 2024 --sliver-width 50
diff 2024 --range --by none
diff 2024 --actor Ukraine
diff 2024 --actor all
diff 2024 --only Donetsk,Luhansk
diff 2024 --crs EPSG:8857
diff 2024 --units mi2
diff 2030
diff 2024 --view claimed
diff 2024 --format sentence
held 2024-09-01 2024-11-03
held 2024-09-06 --actor Ukraine --only Kursk
series --since 2024-09
series --every month --by none
summary
summary --every month --since 2024-06
summary --gross
summary --every quarter --gross --step week
summary --same-span
flows 2024
flows 2024-Q3 --by none
sensitivity 2024-11 --by none
verify
archive list
archive check
archive explain {sample}
regions list
"""
_ARCHIVES = """
isw-weekly diff 2023 2024 --regions {regions}
isw-weekly diff 2023 2024 --regions {regions} --snap none
isw-weekly diff 2022 2023 2024
isw-weekly diff 2024-08..2024-12 --actor Ukraine
isw-weekly diff 2024-08..2024-12 --actor all --by none
isw-weekly series --by none
isw-weekly series --since 2024 --regions {regions} --snap none
isw-weekly series --every month --since 2023
isw-weekly summary --every month --gross --since 2024
isw-weekly summary
isw-weekly held 2022-11-15 2024-12-29 --regions {regions}
isw-weekly flows 2024
isw-weekly sensitivity 2024 --by none
isw-weekly archive check
isw-weekly-topojson diff 2024-10..2024-12
isw-weekly-topojson series --by none
isw-raw-daily series
isw-raw-daily diff 2023-06-05..2023-06-25 --view claimed
isw-raw-daily held 2023-06-15 --view role:infiltration,role:counteroffensive --actor all
isw-raw-daily archive list
deepstate-daily series --by none
deepstate-daily diff 2024-Q3 2025-Q1 --regions {regions} --snap none
deepstate-daily summary --every month --gross
nzz-daily series --by none
nzz-daily diff 2024-02 2024-03 --regions {regions} --snap none
nzz-daily summary --every week --since 2024-03 --until 2024-04
isw-shapefile-zips held 2026-04-27
isw-shapefile-zips archive list
"""
_CODE = re.compile(r"^frontcalc: note ([A-Z-]+)", re.MULTILINE)
_TABLES = ("diff", "held", "series", "summary", "flows", "sensitivity", "verify", "list", "check", "explain")


def commands(archives: Path) -> dict[str, list[str]]:
    """Return the arguments of every command by the line that names it."""
    sample = str(Path(__file__).parents[1] / "data" / "sample_polygons")
    found = {}
    for line in filter(None, _SAMPLE.splitlines()):
        found[f"sample {line}"] = line.format(sample=sample).split()
    for line in filter(None, _ARCHIVES.splitlines()):
        name, *words = line.format(regions=archives.parent / REGIONS).split()
        found[line] = [*words, "--archive", str(archives / name)]
    return found


def printed(arguments: list[str]) -> dict[str, object]:
    """Return what a command prints: the hash of its output, its exit code and the codes of its notices."""
    plain = "--format" not in arguments and any(word in _TABLES for word in arguments[:2])
    command = [Path(sys.executable).with_name("frontcalc"), *arguments, *(["--format", "csv"] if plain else [])]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "FRONTCALC_CACHE": cache}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    digest = hashlib.sha256(done.stdout.encode()).hexdigest()
    return {"sha256": digest, "exit": done.returncode, "codes": sorted(set(_CODE.findall(done.stderr)))}


def main() -> None:
    """Write what the commands print, or hold it against what they printed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("archives", nargs="?", type=Path, default=SHARED / "archives")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    wanted = {line: words for line, words in commands(asked.archives.resolve()).items() if asked.only in line}
    with ThreadPoolExecutor(2) as pool:
        now = dict(zip(wanted, pool.map(printed, wanted.values()), strict=True))
    before = json.loads(FILE.read_text()) if FILE.exists() else {}
    if asked.write:
        FILE.write_text(json.dumps({**before, **now}, indent=1, sort_keys=True) + "\n")
        print(f"{len(now)} commands written")
        return
    moved = [line for line, said in now.items() if before.get(line) != said]
    for line in moved:
        print(f"{line}: {before.get(line)} is now {now[line]}")
    print(f"{len(now) - len(moved)} of {len(now)} commands print what they printed")
    sys.exit(bool(moved))


if __name__ == "__main__":
    main()
