"""Build what lies beside the embedded regions: the zones that are snapped to them, so that no run has to.

    python scripts/build_zones.py -o src/frontcalc/data

writes a file an actor's country, in the default projection. It is to be run again after
``scripts/build_regions.py``, and after a change of `frontcalc.regions.snapping`.
"""

import argparse
import zlib
from pathlib import Path

from frontcalc.crs import DEFAULT_CRS
from frontcalc.regions import embedded_regions
from frontcalc.regions.sets import zones_as_bytes


def build(country: str) -> bytes:
    """Return the bytes of the zones of all embedded regions but one country's: the set's SHA-256, then deflated."""
    regions = embedded_regions(target_crs=DEFAULT_CRS)
    assert regions.source is not None
    own = regions.of_country(country)
    zones = zones_as_bytes(regions.without(own), regions.pieces[own[regions.owner]], DEFAULT_CRS)
    return bytes.fromhex(regions.source.sha256) + zlib.compress(zones, 9)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build the zones beside the embedded regions.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write to")
    folder = parser.parse_args().output
    for country in sorted(set(embedded_regions(target_crs=DEFAULT_CRS).countries)):
        (folder / f"{country}.zones").write_bytes(build(country))


if __name__ == "__main__":
    main()
