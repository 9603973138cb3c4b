"""Build what lies beside the embedded regions, so that no run has to: zones that are snapped to them, border bands.

    python scripts/build_zones.py -o src/frontcalc/data

writes a file an actor's country and one of bands, in the default projection. It is to be run again after
``scripts/build_regions.py``, and after a change of `frontcalc.regions.snap`.
"""

import argparse
import zlib
from dataclasses import replace
from pathlib import Path

from frontcalc.crs import DEFAULT_CRS
from frontcalc.geometry import to_bytes
from frontcalc.natural_earth import BANDS
from frontcalc.regions import NEAR_KM, embedded_regions, partition_for
from frontcalc.regions.snap import border_bands


def build(country: str) -> bytes:
    """Return the bytes of the zones of all embedded regions but one country's: the set's SHA-256, then deflated."""
    regions = embedded_regions(target_crs=DEFAULT_CRS)
    assert regions.source is not None
    # Without a source nothing that is stored is used.
    taken = partition_for(replace(regions, source=None), country, snap="border", plane=DEFAULT_CRS)
    assert taken.snapped is not None
    assert taken.uncovered is not None
    zones = to_bytes(taken.pieces[taken.snapped], taken.owner[taken.snapped], taken.uncovered)
    return bytes.fromhex(regions.source.sha256) + zlib.compress(zones, 9)


def build_bands() -> bytes:
    """Return the bytes of the ground near the inner borders of the embedded regions, stored as zones are."""
    regions = embedded_regions(target_crs=DEFAULT_CRS)
    assert regions.source is not None
    bands = border_bands(regions.land, regions.land_owner, NEAR_KM, DEFAULT_CRS)
    return bytes.fromhex(regions.source.sha256) + zlib.compress(to_bytes(*bands), 9)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build the zones beside the embedded regions.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write to")
    folder = parser.parse_args().output
    for country in sorted(set(embedded_regions(target_crs=DEFAULT_CRS).countries)):
        (folder / f"{country}.zones").write_bytes(build(country))
    (folder / BANDS).write_bytes(build_bands())


if __name__ == "__main__":
    main()
